/** The controllers of a lab: one knowledge, that of the topology as it is edited, by the first controller's clock. */
import { expect, test } from 'vitest'
import { after, hours } from '../../src/base/time.ts'
import { compileTopology } from '../../src/lab/compile.ts'
import { controllersOf } from '../../src/lab/controllers.ts'
import { domainController } from '../../src/topology/services.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { pap } from '../directory/people.ts'
import { site, START } from '../directory/site.ts'

function compiled(topology: Topology) {
  const result = compileTopology(topology)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

const withUsers = (disabled: boolean): Topology => {
  const base = site({
    directory: { users: { ada: { password: 'Analytical-Engine-1', disabled } } },
  })
  const ca = { ...base.nodes['ca']!, services: [domainController()] } as Topology['nodes'][string]
  return { ...base, nodes: { ...base.nodes, ca } }
}

test('an edit counts at the next question, and what logons left behind stays', () => {
  let current = compiled(withUsers(false))
  const clocks: string[] = []
  const controllers = controllersOf(
    () => current,
    (node) => {
      clocks.push(node)
      return after(START, hours(1))
    },
    () => START,
  )
  expect(controllers()?.logon(pap('ada'))).toMatchObject({ ok: true })
  expect(controllers()?.logon(pap('ada', 'wrong'))).toMatchObject({ reason: 16 })
  current = compiled(withUsers(true))
  expect(controllers()?.logon(pap('ada'))).toMatchObject({ reason: 34 })
  expect(controllers()?.at).toBe(after(START, hours(1)))
  expect(new Set(clocks)).toEqual(new Set(['ca']))
})

test('without a controller the time is the world’s, and without a domain there is nothing to ask', () => {
  const controllers = (topology: Topology) => {
    const made = compiled(topology)
    return controllersOf(
      () => made,
      () => after(START, hours(1)),
      () => START,
    )()
  }
  expect(controllers(site())?.at).toBe(START)
  const { directory: _, templates: __, authorities: ___, ...rest } = site()
  const nodes = Object.fromEntries(
    Object.entries(rest.nodes).map(([name, node]) => [
      name,
      { ...node, certificates: [], users: [] },
    ]),
  ) as Topology['nodes']
  expect(controllers({ ...rest, authorities: {}, nodes })).toBeUndefined()
})
