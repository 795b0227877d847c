/**
 * What nobody may learn from a run: passwords, shared secrets, and what is made of them, in any form, anywhere that a lab writes to.
 * The capture is left out: it has session keys on purpose, and no password.
 */
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { ntPasswordHash } from '../../src/crypto/ms-chap.ts'
import { hashNtPasswordHash } from '../../src/crypto/ms-chap-v2.ts'
import { buildLab } from '../../src/lab/build.ts'
import { authenticationMatchers } from '../../src/lab/authentication-matchers.ts'
import { noteOf } from '../../src/lab/note.ts'
import { renderAuthentication } from '../../src/lab/render-authentication.ts'
import type { AuthenticationReport } from '../../src/lab/reports.ts'
import { instant } from '../../src/base/time.ts'
import { ipv4Of } from '../../src/lab/legs.ts'
import type { TraceEvent } from '../../src/net/trace.ts'
import { readMppeKeys } from '../../src/crypto/radius-hiding.ts'
import { PROTOCOL } from '../../src/wire/ipv4.ts'
import { decodeRadius, RadiusCode } from '../../src/wire/radius/packet.ts'
import { describeFrame } from '../../src/wire/describe.ts'
import { withRadiusSecret } from '../../src/topology/edit-nps.ts'
import { withUser } from '../../src/topology/edit-directory.ts'
import { contoso } from '../../topologies/contoso/topology.ts'
import { SECRETS, withPasswords } from '../../scenarios/stories/nps-edits.ts'

const PASSWORD = contoso.directory!.users!['ada']!.password!
const TYPED = 'Mistyped-Password-77'
const CHANGED = 'Difference-Engine-1822'
const OTHER_SECRET = 'a-secret-that-differs'

/** Text as UTF-8 and UTF-16, and the hashes that are as good as the password. */
const formsOf = (text: string): readonly Uint8Array[] => [
  Buffer.from(text),
  Buffer.from(text, 'utf16le'),
]
const hashesOf = (password: string): readonly Uint8Array[] => {
  const hash = ntPasswordHash(password)
  return [hash, hashNtPasswordHash(hash)]
}
const FORBIDDEN = [
  ...[PASSWORD, TYPED, CHANGED, OTHER_SECRET, SECRETS.nps1].flatMap(formsOf),
  ...[PASSWORD, TYPED, CHANGED].flatMap(hashesOf),
].map((bytes) => Buffer.from(bytes))

/** Everything in a value, with bytes in hexadecimal. */
const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    each instanceof Uint8Array ? Buffer.from(each).toString('hex') : each,
  )

function leaksIn(text: string, secrets: readonly Buffer[] = FORBIDDEN): readonly string[] {
  const folded = text.toLowerCase()
  return secrets.flatMap((secret) =>
    [
      secret.toString('latin1').toLowerCase(),
      secret.toString('hex'),
      secret.toString('base64').replace(/=+$/, '').toLowerCase(),
      [...secret].join(','),
    ].filter((form) => folded.includes(form)),
  )
}

/** The keys of every Access-Accept, which whoever has the shared secret can read in the trace. */
function keysIn(events: readonly TraceEvent[]): readonly Buffer[] {
  const asked = new Map<number, Uint8Array>()
  return events.flatMap((event) => {
    const packet = event.kind === 'received' ? ipv4Of(event.frame) : undefined
    if (packet?.protocol !== PROTOCOL.udp) return []
    const radius = decodeRadius(packet.payload.subarray(8))
    if (!radius.ok) return []
    const { code, identifier, authenticator, attributes } = radius.value
    if (code === RadiusCode.accessRequest) asked.set(identifier, authenticator)
    const request = asked.get(identifier)
    if (code !== RadiusCode.accessAccept || request === undefined) return []
    const keys = readMppeKeys(attributes, SECRETS.nps1, request)
    // Half of what EAP-MSCHAPv2 derives is zeros ([MS-CHAP] §3.1.5.1), which are no secret.
    return [keys?.recv, keys?.send].flatMap((key) =>
      key?.some((byte) => byte !== 0) === true ? [Buffer.from(key)] : [],
    )
  })
}

const METHODS = [
  'pap',
  'chap',
  'ms-chap',
  'ms-chap-v2',
  'eap-mschapv2',
  'peap-mschapv2',
  'none',
] as const

test('no password, shared secret or hash of one is in what a run leaves behind', async () => {
  const built = buildLab(withPasswords.apply(contoso))
  if (!built.ok) throw new Error(built.error.map(({ message }) => message).join())
  const lab = built.value
  const { gateway, nps1 } = lab.nodes
  const reports: AuthenticationReport[] = []
  const ask = async (options: Parameters<typeof gateway.authenticate>[0]): Promise<void> => {
    reports.push(await gateway.authenticate(options))
  }
  for (const method of METHODS) {
    await ask({ user: 'ada', method })
    await ask({ user: 'ada', method, password: TYPED })
  }
  const accepted = reports.find(({ session }) => session !== undefined)!
  const accounted = await gateway.account({ session: accepted.session!, status: 'start' })
  {
    using _ = lab.apply(withRadiusSecret('gateway', OTHER_SECRET))
    await ask({ user: 'ada', method: 'pap' })
    await ask({ user: 'ada', method: 'eap-mschapv2' })
  }
  using _ = lab.apply(withUser('ada', { mustChangePassword: true }))
  await ask({ user: 'ada', method: 'ms-chap-v2', newPassword: CHANGED })
  await ask({ user: 'ada', method: 'pap', password: CHANGED })
  expect(reports.filter(({ outcome }) => outcome === 'accepted').length).toBeGreaterThan(5)
  expect(reports.at(-1)?.outcome).toBe('accepted')

  const notes = reports.flatMap((report) => {
    const { causes = [] } = authenticationMatchers.toBeRejectedFor(report, 1)
    const start = instant(contoso.start)
    const note = noteOf({ causes, events: lab.trace.events, start })
    return note.write(note.causes)
  })
  const frames = lab.trace.events.flatMap((event) =>
    'frame' in event && event.frame !== undefined ? [describeFrame(event.frame)] : [],
  )
  const places = {
    trace: jsonOf(lab.trace.events),
    'described frames': frames.join('\n'),
    reports: jsonOf([...reports, accounted]),
    'rendered reports': reports.flatMap((report) => renderAuthentication(report)).join('\n'),
    notes: notes.join('\n'),
    'the log of NPS': nps1.accountingLog().join('\n'),
    'the nodes as a debugger shows them': inspect(lab.nodes.gateway, { depth: 4 }),
    secrets: lab.trace.secrets('tls').join('\n'),
  }
  const keys = keysIn(lab.trace.events)
  expect(keys.length).toBeGreaterThan(5)
  for (const [place, text] of Object.entries(places)) {
    const leaks = [...leaksIn(text), ...leaksIn(text, keys)]
    expect({ place, isEmpty: text === '', leaks }).toEqual({ place, isEmpty: false, leaks: [] })
  }
})

test('the search finds what it is looking for', () => {
  expect(leaksIn(`user=ada pw=${PASSWORD}`)).not.toEqual([])
  expect(leaksIn(jsonOf({ frame: Buffer.from(`..${SECRETS.nps1}..`) }))).not.toEqual([])
  expect(leaksIn(jsonOf({ hash: ntPasswordHash(CHANGED) }))).not.toEqual([])
})
