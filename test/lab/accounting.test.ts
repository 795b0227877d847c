/** The verb `account`: sessions that were let in and no others, and what is told of them on the wire (RFC 2866, RFC 2869 §5.1). */
import { expect, test } from 'vitest'
import { minutes } from '../../src/base/time.ts'
import { buildLab } from '../../src/lab/build.ts'
import { withNps } from '../../src/topology/edit-nps.ts'
import { contoso } from '../../topologies/contoso/topology.ts'
import type { ContosoEdit } from '../../scenarios/stories/certificate-edits.ts'
import { withPasswords } from '../../scenarios/stories/nps-edits.ts'

const ADA = { user: 'ada', method: 'ms-chap-v2' } as const

function labOf() {
  const columns: ContosoEdit = withNps('nps1', { accounting: { format: 'odbc' } })
  const built = buildLab(columns.apply(withPasswords.apply(contoso)))
  if (!built.ok) throw new Error(built.error.map(({ message }) => message).join())
  return built.value
}

/** Columns of ODBC: 6 and on as in Microsoft's table; text is quoted. */
const columns = (line: string | undefined): readonly string[] => (line ?? '').split(',')

test('a session lasts as long as it did, and the octets past 2^32 are counted on', async () => {
  const lab = labOf()
  const { gateway, nps1 } = lab.nodes
  const { session = '' } = await gateway.authenticate(ADA)
  await lab.advance(minutes(10))
  const usage = { inputOctets: 2 ** 32 + 5 }
  const report = await gateway.account({ session, status: 'stop', usage })
  expect(report).toMatchObject({ on: 'gateway', session, status: 'stop', outcome: 'recorded' })
  const line = columns(nps1.accountingLog().at(-1))
  expect(line).toContain('5')
  expect(line).toContain('600')
  expect(line).toContain(`"${session}"`)
})

test('nobody accounts for a session that was not let in, or that has ended', async () => {
  const lab = labOf()
  const { gateway } = lab.nodes
  await expect(gateway.account({ session: 'gateway-99', status: 'start' })).rejects.toThrow(
    "gateway has let in no session 'gateway-99'",
  )
  const { session = '' } = await gateway.authenticate(ADA)
  await gateway.account({ session, status: 'stop' })
  await expect(gateway.account({ session, status: 'stop' })).rejects.toThrow(RangeError)
})

test('a session has a number that no other has, though the gateway’s settings change between', async () => {
  const lab = labOf()
  const { gateway } = lab.nodes
  const first = await gateway.authenticate(ADA)
  lab.reboot('gateway')
  const second = await gateway.authenticate(ADA)
  expect(second.session).not.toBe(first.session)
})
