/**
 * The door of 'sallyport/scenario': stories and labs under vitest. Named re-exports only, no logic.
 * Apart from 'sallyport' because it needs vitest, which a topology file does not.
 */
export { expect } from './expect.ts'
export { labTest, type LabFixtures } from './lab-test.ts'
export { scenario, scenarios } from './scenario.ts'
