// The numbers by which elementary functions are made of arithmetic, for targets that write them as expressions or as functions.

/** Where e^x is neither 0 nor infinite; a little beyond on both sides. */
export const rangeOfExp = { least: -104, most: 89 } as const;
/** ln 2 in two parts: whole multiples of the first are exact. */
export const logOfTwo = { high: 0.693359375, low: -2.1219444e-4 } as const;
/** The same of 2·ln 2. */
export const logOfFour = { high: 1.38629150390625, low: 2.857213530660374e-6 } as const;

/** (e^r - 1 - r) / r² for |r| <= ln 2. */
export const expTail: readonly number[] = [
  0.5000003576278687, 0.16666613519191742, 0.04166125878691673, 0.008336109109222889, 0.0014104676665738225,
  0.00019611344032455236,
];

/** Below it erf is an odd polynomial, above 1 - e^-(a + …). */
export const nearOfErf = 0.925;
/** erf(x) / x - 1 by powers of x². */
export const erfTail: readonly number[] = [
  0.12837916612625122, -0.37612631916999817, 0.11283687502145767, -0.026858942583203316, 0.005199907347559929,
  -0.0008130018832162023, 8.31679644761607e-5,
];
/** -log(erfc a) - a by powers of a. */
export const erfcTail: readonly number[] = [
  0.0002070176269626245, 0.12762735784053802, 0.6372658014297485, 0.10385631024837494, -0.02218974195420742,
  0.00303368316963315, -0.00019494576554279774,
];

/** Beyond it parts of π/2 times an integer are no longer exact. */
export const fewTurns = 12_000;
/** 2/π in binary, behind the point, as hexadecimal digits. */
export const twoOverPi = 'a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7';
