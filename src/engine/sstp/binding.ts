/**
 * Crypto-binding in a session ([MS-SSTP] §3.2.5.2, §3.3.5.2.3): the client proves in CALL_CONNECTED that TLS and the authentication end at the same
 * machine, and the server looks.
 */
import { equalBytes } from '../../base/bytes.ts'
import {
  certificateHash,
  hlakOf,
  isSstpCompoundMac,
  sstpCompoundMac,
} from '../../crypto/sstp-binding.ts'
import {
  COMPOUND_MAC_AT,
  encodeSstp,
  SSTP_NONCE_BYTES,
  SstpMessageType,
  type SstpAttribute,
} from '../../wire/sstp.ts'
import type { BindingFault } from './contract.ts'
import { connected } from './hello.ts'
import { hashesOf, sendEncoded, type Run } from './state.ts'

/** PPP has proved who is there. */
export function onAuthenticated(run: Run, msk?: Uint8Array): void {
  run.state.hlak = hlakOf(msk)
  if (run.options.role === 'client') sendCallConnected(run, run.state.hlak)
}

function sendCallConnected(run: Run, hlak: Uint8Array): void {
  const { state, options } = run
  const { hash, nonce } = state
  const attributes: readonly SstpAttribute[] = [
    {
      kind: 'crypto-binding',
      hash,
      nonce,
      certificateHash: certificateHash(hash, options.certificate),
      compoundMac: new Uint8Array(SSTP_NONCE_BYTES),
    },
  ]
  const type = SstpMessageType.CALL_CONNECTED
  const bytes = encodeSstp({ kind: 'control', type, attributes })
  bytes.set(sstpCompoundMac(hash, hlak, bytes), COMPOUND_MAC_AT)
  sendEncoded(run, type, attributes, bytes)
  connected(run)
}

/** What is wrong with a client's CALL_CONNECTED; undefined: nothing, and the hash protocol is the session's now. */
export function bindingFault(
  run: Run,
  attributes: readonly SstpAttribute[],
  message: Uint8Array,
): BindingFault | undefined {
  const { state, options } = run
  const [binding] = attributes
  if (binding?.kind !== 'crypto-binding' || attributes.length > 1) return 'missing'
  const hash = hashesOf(run).find((each) => each === binding.hash)
  if (hash === undefined) return 'hash-protocol'
  if (!equalBytes(binding.nonce, state.nonce)) return 'nonce'
  const expected = certificateHash(hash, options.certificate)
  if (!equalBytes(binding.certificateHash, expected)) return 'certificate'
  if (state.hlak === undefined) return 'not-authenticated'
  if (!isSstpCompoundMac(hash, state.hlak, message)) return 'compound-mac'
  state.hash = hash
  return undefined
}
