/** Bytes that mean nothing, sent to every open port of Contoso: each is a counted, traced drop, and nobody falls over. */
import { expect, test } from 'vitest'
import { contoso } from '../../topologies/contoso/topology.ts'
import { ipv4 } from '../../src/base/address.ts'
import { rngFrom } from '../../src/base/rng.ts'
import { minutes } from '../../src/base/time.ts'
import { buildDrivenLab } from '../../src/lab/build.ts'

/** Sender, receiver, its address, and a port whose protocol has a shape. */
test.for([
  ['coreRouter', 'dc1', '10.10.0.6', 53],
  ['gateway', 'nps1', '10.10.0.7', 1812],
  ['edgeFirewall', 'gateway', '172.16.10.10', 500],
  ['officePc', 'coreRouter', '10.10.8.1', 67],
] as const)('from %s to %s, %s:%i', ([from, to, address, port]) => {
  const built = buildDrivenLab(contoso)
  if (!built.ok) throw new Error('Contoso cannot be built')
  const { world, lab } = built.value
  const { trace } = lab
  const rng = rngFrom(`garbage/${port}`)
  const sender = built.value.stack(from)
  const opened = sender.udp.open({ onDatagram: () => undefined })
  if (!opened.ok) throw new Error('no port')
  if (from === 'officePc')
    sender.configure('office', { address: ipv4('10.10.8.9'), prefixLength: 24 })

  const sent = 200
  for (let i = 0; i < sent; i++) {
    // Too short for any header here, so that nothing can be read by chance.
    opened.value.send({ address: ipv4(address), port }, rng.bytes(rng.below(12)))
    world.runUntil((world.now + minutes(1)) as typeof world.now)
  }
  const drops = trace.ofKind('dropped').filter((drop) => drop.node === to)
  expect(new Set(drops.map((drop) => drop.reason))).toEqual(new Set(['malformed']))
  expect(drops).toHaveLength(sent)
  expect(trace.dropCount(to, 'malformed')).toBe(sent)
})
