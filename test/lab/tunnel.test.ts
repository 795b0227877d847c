/** The tunnel of Contoso's laptop as an interface: what it reaches by it, what names mean while it is up, and what a capture shows. */
import { beforeAll, describe, expect, test } from 'vitest'
import { fromUtf8 } from '../../src/base/bytes.ts'
import { buildLab } from '../../src/lab/build.ts'
import type { Lab } from '../../src/lab/lab.ts'
import type { HttpReport, ResolveReport } from '../../src/lab/reports.ts'
import { decodeArp } from '../../src/wire/arp.ts'
import { formatIpv4 } from '../../src/base/address.ts'
import { isTunnelFrame } from '../../src/net/tunnel.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

const PAGE = 'http://intranet.corp.contoso.com/'

interface Seen {
  readonly lab: Lab
  readonly before: ResolveReport
  readonly during: ResolveReport
  readonly page: HttpReport
  readonly isInside: boolean
  readonly after: ResolveReport
}

async function workday(): Promise<Seen> {
  const built = buildLab(contoso, { seed: 1 })
  if (!built.ok) throw new Error(built.error.map(({ message }) => message).join('; '))
  const lab = built.value
  const { laptop } = lab.nodes
  const before = await laptop.resolve('intranet')
  await laptop.connect()
  const during = await laptop.resolve('intranet')
  const page = await laptop.get(PAGE)
  const { inside: isInside } = await laptop.trustedNetwork()
  await laptop.disconnect()
  const after = await laptop.resolve('intranet.corp.contoso.com')
  return { lab, before, during, page, isInside, after }
}

describe('Contoso’s laptop at home', () => {
  let seen: Seen
  beforeAll(async () => {
    seen = await workday()
  })

  test('has rules and suffixes of its profile only while the tunnel is up', () => {
    const { before, during, after } = seen
    expect(before.nrptRule).toBeUndefined()
    expect(before.rcode).not.toBe('NOERROR')
    expect(during).toMatchObject({
      rcode: 'NOERROR',
      nrptRule: '.corp.contoso.com',
      servers: ['10.10.0.6'],
      answers: [{ name: 'intranet.corp.contoso.com', data: '10.10.0.20' }],
    })
    expect(after.nrptRule).toBeUndefined()
    expect(after.rcode).not.toBe('NOERROR')
  })

  test('fetches a page of the intranet through the tunnel, whose suffix makes no trusted network', () => {
    const { page, isInside } = seen
    expect(page).toMatchObject({ outcome: 'response', status: 200 })
    expect(isInside).toBe(false)
  })

  test('is found inside by the gateway’s ARP', () => {
    const answers = seen.lab.trace.ofKind('sent').flatMap(({ node, nic, frame }) => {
      if (node !== 'gateway' || nic !== 'perimeterInternal' || isTunnelFrame(frame)) return []
      // The cable to the gateway is a trunk.
      const arp = decodeArp(frame.subarray(18))
      return arp.ok && arp.value.operation === 2 ? [formatIpv4(arp.value.sender)] : []
    })
    expect(answers).toContain('172.16.20.130')
  })

  test('is seen in the clear at both ends of the tunnel, and nowhere between them', () => {
    const { trace } = seen.lab
    const request = (frame: Uint8Array): boolean => fromUtf8(frame).includes('GET / HTTP/1.1')
    const places = [...trace.ofKind('sent'), ...trace.ofKind('received')]
      .filter(({ frame }) => request(frame))
      .map(({ node, nic }) => `${node}/${nic}`)
    expect(places).toContain('laptop/user-tunnel')
    expect(places).toContain('gateway/Internal')
    for (const node of ['homeRouter', 'internet', 'edgeFirewall'])
      expect(places.filter((place) => place.startsWith(`${node}/`))).toEqual([])
    const capture = Buffer.from(seen.lab.capture())
    expect(capture.includes('laptop/user-tunnel')).toBe(true)
    expect(capture.includes('gateway/Internal')).toBe(true)
  })

  test('does the same again from the same seed', async () => {
    const again = await workday()
    expect(again.lab.digest()).toBe(seen.lab.digest())
  })
})
