/** What a live node sends to real servers, and what comes back. */
import dgram from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { withInterface } from 'sallyport'
import { ipv4 } from '../../src/base/address.ts'
import { encodeMessage } from '../../src/wire/dns/encode.ts'
import { decodeMessage } from '../../src/wire/dns/message.ts'
import { showName } from '../../src/wire/dns/name.ts'
import { addressData } from '../../src/wire/dns/rdata.ts'
import { CLASS } from '../../src/wire/dns/registry.ts'
import { dnsLab, liveOn, portOf, question, udpClient } from './real.ts'

describe('going out', () => {
  test('what a node sends to a mapped address reaches a real server, and the answer comes back', async () => {
    const server = dgram.createSocket('udp4')
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
    const asked: string[] = []
    server.on('message', (bytes, from) => {
      const query = decodeMessage(bytes)
      if (!query.ok) return
      const { name, type } = query.value.question[0]!
      asked.push(showName(name))
      const data = addressData(ipv4('10.9.9.9'))
      const answer = [{ name, type, class: CLASS.IN, ttl: 60, data }]
      server.send(
        encodeMessage({ ...query.value, response: true, answer }),
        from.port,
        from.address,
      )
    })
    const remotes = [
      { to: '10.9.0.9', port: 53, address: '127.0.0.1', realPort: server.address().port },
    ]
    try {
      await using live = await liveOn(dnsLab, { node: 'server', remotes })
      await using client = await udpClient()
      client.send(question('elsewhere.example.net'), portOf(live, 'udp', 53))
      const got = decodeMessage((await client.receive()).bytes)
      expect(asked).toEqual(['elsewhere.example.net'])
      expect(got.ok && got.value.answer).toHaveLength(1)
      // The lab's own hosts are served by it as well, in real time.
      const seen = await live.lab.nodes['asker']!.resolve('elsewhere.example.net')
      expect(seen).toMatchObject({ rcode: 'NOERROR', answers: [{ data: '10.9.9.9' }] })
    } finally {
      server.close()
    }
  })

  test('what leaves comes from the address that stands for the node’s own, also when that is another', async () => {
    const server = dgram.createSocket('udp4')
    const from: string[] = []
    server.on('message', (bytes, { address, port }) => {
      from.push(address)
      const query = decodeMessage(bytes)
      if (query.ok) server.send(encodeMessage({ ...query.value, response: true }), port, address)
    })
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      await using live = await liveOn(dnsLab, {
        node: 'server',
        remotes: [
          { to: '10.9.0.9', port: 53, address: '127.0.0.1', realPort: server.address().port },
        ],
        sources: [
          { own: '10.9.0.2', address: '127.0.0.2' },
          { own: '10.9.0.3', address: '127.0.0.3' },
        ],
      })
      await using client = await udpClient()
      client.send(question('first.example.net'), portOf(live, 'udp', 53))
      await client.receive()
      live.lab.apply(withInterface('server', 'lan', { address: '10.9.0.3' }))
      client.send(question('second.example.net'), portOf(live, 'udp', 53))
      await client.receive()
      expect([...new Set(from)]).toEqual(['127.0.0.2', '127.0.0.3'])
    } finally {
      server.close()
    }
  })
})
