/**
 * The verb `account`: a gateway tells its RADIUS servers how a session goes that they let in (RFC 2866). Nothing hangs on the answer: RRAS
 * lets people work whose accounting nobody takes down. Not the sessions themselves, which need a tunnel.
 */
import { between } from '../base/time.ts'
import {
  accountingInterim,
  accountingStart,
  accountingStop,
  type AccountedSession,
} from '../engine/radius/accounting.ts'
import type { Instant } from '../base/time.ts'
import { RadiusCode, type RadiusAttribute } from '../wire/radius/packet.ts'
import type { Gateway } from './gateway.ts'
import type { AccountOptions } from './lab.ts'
import type { AccountingReport } from './reports.ts'

const UNUSED = { inputOctets: 0, outputOctets: 0, inputPackets: 0, outputPackets: 0 }

/** Check what is told; the returned function tells it, and calls `done` once. Throws RangeError for a session that no server let in. */
export function accountingOf(
  gateway: Gateway,
  options: AccountOptions,
): (done: (report: AccountingReport) => void) => void {
  const { session } = options
  const known = gateway.accounted.get(session)
  if (known === undefined) {
    throw new RangeError(`${gateway.context.stack.name} has let in no session '${session}'`)
  }
  return (done) => tell(gateway, known, options, done)
}

function tell(
  gateway: Gateway,
  known: AccountedSession,
  { session, status, ...options }: AccountOptions,
  done: (report: AccountingReport) => void,
): void {
  const { client, context } = gateway
  const { stack } = context
  const began = stack.now
  const sentBefore = client.sent
  const attributes = attributesOf(known, { ...options, status }, stack.wallClock)
  client.ask({ code: RadiusCode.accountingRequest, attributes }, (outcome) => {
    const isRecorded = outcome.kind === 'radius/answered'
    if (isRecorded && status === 'stop') gateway.accounted.delete(session)
    done({
      on: stack.name,
      session,
      status,
      outcome: isRecorded ? 'recorded' : 'no-answer',
      requests: client.sent - sentBefore,
      took: between(began, stack.now),
      ...(isRecorded && { server: outcome.server }),
      ...(outcome.kind === 'radius/no-answer' && {
        silent: outcome.servers.map(({ server }) => server),
      }),
    })
  })
}

function attributesOf(
  session: AccountedSession,
  { status, usage, cause = 'User-Request' }: Omit<AccountOptions, 'session'>,
  now: Instant,
): readonly RadiusAttribute[] {
  const used = { ...UNUSED, ...usage }
  switch (status) {
    case 'start':
      return accountingStart(session, now)
    case 'interim':
      return accountingInterim(session, used, now)
    case 'stop':
      return accountingStop(session, used, cause, now)
  }
}
