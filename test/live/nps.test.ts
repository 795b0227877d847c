/** An NPS that is live, and a gateway that asks it over this machine's sockets: two labs that share nothing but their keys. */
import { describe, expect, test } from 'vitest'
import { contoso } from '../../topologies/contoso/topology.ts'
import { formatInstant } from '../../src/base/time.ts'
import { compileTopology } from '../../src/lab/compile.ts'
import { asOfNow } from '../../src/lab/as-of-now.ts'
import { keyFilesOf } from '../../src/live/keys.ts'
import { readPem } from '../../src/pki/encoding/pem.ts'
import { thumbprint } from '../../src/pki/certificate/thumbprint.ts'
import { instant } from '../../src/base/time.ts'
import { withRadiusSecret } from '../../src/topology/edit-nps.ts'
import { liveOn, portOf } from './real.ts'

describe('a live NPS', () => {
  const gateway = async (port: number, network = contoso as Parameters<typeof liveOn>[0]) =>
    liveOn(network, {
      node: 'gateway',
      realPort: () => undefined,
      remotes: [{ to: 'nps1', port: 1812, address: '127.0.0.1', realPort: port }],
    })

  test('lets in whom its policy lets in, and both sides derive the same keys', async () => {
    await using server = await liveOn(contoso, { node: 'nps1' })
    await using client = await gateway(portOf(server, 'udp', 1812))
    const report = await client.lab.nodes['gateway']!.authenticate({ client: 'laptop' })
    expect(report).toMatchObject({ outcome: 'accepted', server: 'nps1', keysAgree: true })
    // The decision was made elsewhere: nothing of it is known here but the answer.
    expect(report.nps).toBeUndefined()
    const events = server.lab.trace.ofKind('logged').map(({ eventId }) => eventId)
    expect(events).toContain(6272)
  })

  test('turns others down, and is silent to those with another secret', async () => {
    await using server = await liveOn(contoso, { node: 'nps1' })
    const port = portOf(server, 'udp', 1812)
    {
      await using client = await gateway(port)
      const report = await client.lab.nodes['gateway']!.authenticate({
        user: 'eve',
        method: 'peap-mschapv2',
      })
      expect(report.outcome).toBe('rejected')
    }
    await using stranger = await gateway(port, withRadiusSecret('gateway', 'x').apply(contoso))
    const asked = stranger.lab.nodes['gateway']!.authenticate({
      user: 'ada',
      method: 'peap-mschapv2',
    })
    // Two tries of five seconds each.
    expect(await asked).toMatchObject({ outcome: 'no-answer', requests: 2 })
    const events = server.lab.trace.ofKind('logged').map(({ eventId }) => eventId)
    expect(events.filter((id) => id === 18)).toHaveLength(2)
  })
})

describe('a topology that starts now', () => {
  const now = asOfNow(contoso, '2031-05-06T07:08:09Z')

  test('has profiles that trust the authorities which were issued again', () => {
    const [before, after] = [compileTopology(contoso), compileTopology(now)]
    if (!before.ok || !after.ok) throw new Error('Contoso cannot be built')
    const rootOf = ({ pki }: typeof after.value) => thumbprint(pki.authority('rootCa')!.certificate)
    const trusted = (compiled: typeof after.value) =>
      compiled.profiles
        .get('laptop')
        ?.user?.nativeProfile?.eap?.server?.trustedRoots.map(({ value }) => value)
    expect(rootOf(after.value)).not.toBe(rootOf(before.value))
    expect(trusted(before.value)).toEqual([rootOf(before.value)])
    expect(trusted(after.value)).toEqual([rootOf(after.value)])
  })

  test('gives real peers what they must hold, valid now, each key with its certificate', () => {
    const at = instant('2031-05-06T07:08:09Z')
    const files = keyFilesOf(now, at)
    const paths = files.map(({ path }) => path)
    expect(paths).toContain('authorities/rootCa.pem')
    expect(paths).toContain('laptop/user.pem')
    expect(paths).toContain('laptop/user.key')
    for (const { path, text, isPrivate } of files) {
      expect(isPrivate).toBe(path.endsWith('.key'))
      expect(text.startsWith(isPrivate ? '-----BEGIN PRIVATE KEY' : '-----BEGIN CERT')).toBe(true)
    }
    const user = files.find(({ path }) => path === 'laptop/user.pem')!
    expect(readPem(user.text, new Set(['CERTIFICATE'])).ok).toBe(true)
    expect(formatInstant(at)).toBe(now.start)
  })
})
