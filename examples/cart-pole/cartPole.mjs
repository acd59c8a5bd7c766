// A cart on a track with a pole on it (Barto, Sutton and Anderson, 1983), with the numbers that CartPole-v1 has in Gymnasium.

const gravity = 9.8;
const [cartMass, poleMass, halfLength] = [1, 0.1, 0.5];
const [push, seconds] = [10, 0.02];
const mass = cartMass + poleMass;

/** An episode that lasts so long is a success, and ends. */
export const longest = 500;

/** Place, speed, angle and angular speed at the beginning: all nearly 0. */
export function begun(random) {
  return Array.from({ length: 4 }, () => 0.1 * random() - 0.05);
}

/** What becomes of a state in a fiftieth of a second in which the cart is pushed to the left (0) or to the right (1). */
export function moved([place, speed, angle, turning], action) {
  const force = action === 1 ? push : -push;
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const shared = (force + poleMass * halfLength * turning ** 2 * sine) / mass;
  const turn = (gravity * sine - cosine * shared) / (halfLength * (4 / 3 - (poleMass * cosine ** 2) / mass));
  const acceleration = shared - (poleMass * halfLength * turn * cosine) / mass;
  return [place + seconds * speed, speed + seconds * acceleration, angle + seconds * turning, turning + seconds * turn];
}

/** Has the cart left the track, or does the pole lean more than 12 degrees? */
export function isOver([place, , angle]) {
  return Math.abs(place) > 2.4 || Math.abs(angle) > (12 * Math.PI) / 180;
}
