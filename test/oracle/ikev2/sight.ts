/**
 * What one side saw of a connection, in words that both sides can be brought to. Not who is right: `compare.ts`.
 */
import type { EspSuite, IkeSuite } from '../../../src/crypto/ike/transforms.ts'
import { TransformType, transformName } from '../../../src/wire/ikev2/numbers.ts'

/** The gateway ends EAP: no notification, but it says the same. */
export const EAP_FAILURE = 'EAP-Failure'

/** An error notification that went over the wire, or {@link EAP_FAILURE}. */
export interface Refusal {
  readonly notify: string
  readonly from: 'twin' | 'charon'
  /** `IKE_AUTH response`. */
  readonly within: string
}

export interface ChildSight {
  readonly suite: string
  /** Hexadecimal, in packets towards the twin and towards charon. */
  readonly spiToTwin: string
  readonly spiToCharon: string
  /** Of the last renewal, `MODP_2048`; undefined: without PFS, or the first. */
  readonly group: string | undefined
}

export interface Sight {
  /** The IKE SA, if it stands: its SPIs, hexadecimal. */
  readonly ike: { readonly suite: string; readonly spiI: string; readonly spiR: string } | undefined
  readonly children: readonly ChildSight[]
  /** The client's inner address. */
  readonly address: string | undefined
  /** Undefined: this side is not told. */
  readonly dns: readonly string[] | undefined
  /** Where charon is, as this side has it: `10.1.0.2:4500`. */
  readonly charonAt: string | undefined
  readonly twinAt: string | undefined
}

/** charon's names without their kind; the twin has those of IANA. */
const CIPHERS: Readonly<Record<string, string>> = { '3DES': '3DES_CBC', DES: 'DES_CBC' }

const { ENCR, PRF, INTEG, DH } = TransformType

function cipherText({ id, keyBits }: IkeSuite['encryption']): string {
  const name = transformName(ENCR, id).replace(/^ENCR_/, '')
  const known = CIPHERS[name] ?? name
  return keyBits === undefined ? known : `${known}-${keyBits}`
}

const integrityText = (id: number | undefined): readonly string[] =>
  id === undefined ? [] : [transformName(INTEG, id).replace(/^AUTH_/, '')]

export const groupText = (id: number): string => transformName(DH, id)

export const ikeSuiteText = ({ encryption, integrity, prf, group }: IkeSuite): string =>
  [
    cipherText(encryption),
    ...integrityText(integrity),
    transformName(PRF, prf),
    groupText(group),
  ].join('/')

export const espSuiteText = ({ encryption, integrity }: EspSuite): string =>
  [cipherText(encryption), ...integrityText(integrity)].join('/')

/** Of SPIs as numbers: 8 digits. */
export const spiText = (spi: number): string => spi.toString(16).padStart(8, '0')
