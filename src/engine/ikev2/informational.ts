/**
 * INFORMATIONAL exchanges (RFC 7296 §1.4): deletes, signs of life, and what MOBIKE says in them.
 */
import { IkeExchange } from '../../wire/ikev2/header.ts'
import { NotifyType } from '../../wire/ikev2/notify-types.ts'
import { SecurityProtocol } from '../../wire/ikev2/numbers.ts'
import type { DeletePayload, IkePayload } from '../../wire/ikev2/payloads.ts'
import { childByRemote, dropChild, goneBecause, readSpi, spiBytes } from './children.ts'
import { finishSlowly, retire } from './ending.ts'
import { request, respond } from './exchange.ts'
import { isUpdate, onUpdateAddresses, sameCookie } from './mobike.ts'
import type { IkeEndpoints } from './options.ts'
import { hasNotify } from './payload.ts'
import { noteDeleted } from './rekey-child.ts'
import { yieldToRival } from './rekey-ike.ts'
import { say, type IkeSa, type Run } from './state.ts'

export function onInformational(
  run: Run,
  sa: IkeSa,
  payloads: readonly IkePayload[],
  endpoints: IkeEndpoints,
): void {
  const deletes = payloads.filter((each) => each.kind === 'delete')
  if (deletes.some(({ protocol }) => protocol === SecurityProtocol.IKE))
    return onIkeDeleted(run, sa)
  if (hasNotify(payloads, NotifyType.AUTHENTICATION_FAILED) && sa === run.state.sa) {
    respond(run, sa, [])
    say(run, { kind: 'ike/authentication-failed', by: 'peer' })
    return finishSlowly(run, 'authentication-failed')
  }
  if (isUpdate(payloads) && sa === run.state.sa && run.state.established)
    return onUpdateAddresses(run, sa, payloads, endpoints)
  respond(run, sa, [...childrenDeleted(run, sa, deletes), ...sameCookie(payloads)])
}

function onIkeDeleted(run: Run, sa: IkeSa): void {
  respond(run, sa, [])
  // It has replaced this one already, and ours will not be answered any more.
  yieldToRival(run, sa)
  if (sa === run.state.sa) return finishSlowly(run, 'deleted-by-peer')
  retire(run, sa)
}

/** The other halves of what the peer has deleted (RFC 7296 §1.4.1). */
function childrenDeleted(
  run: Run,
  sa: IkeSa,
  deletes: readonly DeletePayload[],
): readonly IkePayload[] {
  const spis: Uint8Array[] = []
  for (const { protocol, spis: theirs } of deletes) {
    if (protocol !== SecurityProtocol.ESP) continue
    for (const bytes of theirs) {
      const spi = readSpi(bytes)
      const found = spi === undefined ? undefined : childByRemote(run, spi)
      if (found === undefined) {
        if (spi !== undefined) noteDeleted(sa, spi)
        continue
      }
      // Both sides delete it: each has said so once.
      if (!found.closing) spis.push(spiBytes(found.child.spi))
      dropChild(run, found.child.spi, goneBecause(found, 'deleted-by-peer'))
    }
  }
  return spis.length === 0 ? [] : [{ kind: 'delete', protocol: SecurityProtocol.ESP, spis }]
}

/** `isGone`: this side has ended them already; else they end with the answer, and not where the peer was first. */
export function askDeleteChildren(
  run: Run,
  sa: IkeSa,
  spis: readonly number[],
  isGone = false,
): void {
  const { children } = run.state
  const named = isGone ? spis : spis.filter((spi) => children.has(spi))
  if (named.length === 0) return
  for (const spi of named) {
    const found = children.get(spi)
    if (found !== undefined) found.closing = true
  }
  const { ESP } = SecurityProtocol
  const payload: DeletePayload = { kind: 'delete', protocol: ESP, spis: named.map(spiBytes) }
  const purpose = { kind: 'delete-children', spis: named } as const
  request(run, sa, IkeExchange.informational, [payload], purpose)
}

export function onChildrenDeleted(run: Run, spis: readonly number[]): void {
  for (const spi of spis) {
    const found = run.state.children.get(spi)
    if (found !== undefined) dropChild(run, spi, goneBecause(found, 'closed'))
  }
}

export function askDeleteIke(run: Run, sa: IkeSa): void {
  const payload = { kind: 'delete', protocol: SecurityProtocol.IKE, spis: [] } as const
  request(run, sa, IkeExchange.informational, [payload], { kind: 'delete-ike' })
}

/** An empty request: is there anybody (RFC 7296 §2.4)? */
export function askProbe(run: Run, sa: IkeSa): void {
  request(run, sa, IkeExchange.informational, [], { kind: 'probe' })
}
