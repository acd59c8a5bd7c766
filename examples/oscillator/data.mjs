// The times at which the equation is asked to hold: there is nothing else to learn from.
const times = (count) => Float32Array.from({ length: count }, (_, i) => (10 * i) / (count - 1));

export const train = { t: times(500) };
export const test = { t: times(401) };
