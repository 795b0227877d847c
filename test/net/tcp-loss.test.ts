/**
 * Goal: whatever a network does to segments, the two streams arrive whole and in order, and both ends come to rest.
 * Method: random sizes, loss up to 30 %, duplicates and reordering on a seeded wire; patience as long as needed.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { hours, ms, seconds } from '../../src/base/time.ts'
import { rngFrom } from '../../src/base/rng.ts'
import { SERVER, Wire, Witness } from './tcp-wire.ts'

const world = fc.record({
  seed: fc.string({ minLength: 1, maxLength: 8 }),
  loss: fc.double({ min: 0, max: 0.3, noNaN: true }),
  duplicates: fc.double({ min: 0, max: 0.3, noNaN: true }),
  jitter: fc.nat(40).map((n) => ms(n)),
  up: fc.array(fc.nat(6000), { maxLength: 5 }),
  down: fc.array(fc.nat(40_000), { maxLength: 3 }),
})

test('both streams arrive whole and in order under loss, duplication and reordering', () => {
  fc.assert(
    fc.property(world, ({ up, down, ...options }) => {
      const patient = { synRetransmissions: 40, dataRetransmissions: 40, timeWait: seconds(1) }
      const wire = new Wire({ ...options, settings: patient })
      const bytes = (sizes: number[], label: string): Uint8Array[] =>
        sizes.map((n, i) => rngFrom(`${label}${i}`).bytes(n))
      const server = new Witness()
      wire.server.listen({ port: 80 }, (connection) => {
        for (const chunk of bytes(down, 'down')) connection.send(chunk)
        return { ...server.handlers, onEnd: () => connection.close() }
      })
      const client = new Witness()
      const connection = wire.client.connect({ address: SERVER, port: 80 }, client.handlers)
      for (const chunk of bytes(up, 'up')) connection.send(chunk)
      connection.close()
      wire.run(hours(20))
      const whole = (chunks: Uint8Array[]): string => Buffer.concat(chunks).toString('hex')
      expect(whole(server.chunks)).toBe(whole(bytes(up, 'up')))
      expect(whole(client.chunks)).toBe(whole(bytes(down, 'down')))
      expect(client.events).toEqual(['connected', 'end', 'closed'])
      expect(server.events).toEqual(['closed'])
      expect([...wire.client.connections, ...wire.server.connections]).toEqual([])
    }),
    {
      numRuns: 150,
      // Both ends time out at once: acknowledgements must not carry the number they went back to.
      examples: [
        [
          {
            seed: 'P',
            loss: 0.11078980402089657,
            duplicates: 0,
            jitter: ms(0),
            up: [1783, 4058],
            down: [5841, 7301, 1461],
          },
        ],
      ],
    },
  )
}, 60_000)
