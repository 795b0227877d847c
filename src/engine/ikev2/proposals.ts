/**
 * The choice among proposals (RFC 7296 §2.7, §3.3.6), on both sides: what a responder takes by its own order, and whether an initiator was given
 * something that it had offered. Not the payload: `wire/ikev2/security-association.ts`.
 */
import { supports } from '../../crypto/ike/supports.ts'
import {
  encryptionOf,
  integrityOf,
  type EspSuite,
  type IkeSuite,
} from '../../crypto/ike/transforms.ts'
import { EsnId, TransformType, transformName } from '../../wire/ikev2/numbers.ts'
import type { IkeProposal, IkeTransform } from '../../wire/ikev2/security-association.ts'

const { ENCR, PRF, INTEG, DH, ESN } = TransformType
/** Types of which id 0 says "none" (RFC 7296 §3.3.2). */
const WITH_NONE: readonly number[] = [INTEG, DH, ESN]

export interface Choice<Suite> {
  /** As it is answered: the number of the one that was taken, one transform of each type, the peer's SPI still. */
  readonly proposal: IkeProposal
  readonly suite: Suite
}

/** One proposal of an IKE SA that leaves no choice. */
export const ikeTransforms = ({
  encryption,
  integrity,
  prf,
  group,
}: IkeSuite): readonly IkeTransform[] => [
  encryptionTransform(encryption),
  { type: PRF, id: prf },
  ...integrityTransform(integrity),
  { type: DH, id: group },
]

/** Without a group, which only a rekey has ({@link withGroup}). */
export const espTransforms = ({
  encryption,
  integrity,
  esn = false,
}: EspSuite): readonly IkeTransform[] => [
  encryptionTransform(encryption),
  ...integrityTransform(integrity),
  { type: ESN, id: Number(esn) },
]

const encryptionTransform = ({ id, keyBits }: IkeSuite['encryption']): IkeTransform => ({
  type: ENCR,
  id,
  ...(keyBits !== undefined && { keyLength: keyBits }),
})

const integrityTransform = (id = 0): readonly IkeTransform[] =>
  id === 0 ? [] : [{ type: INTEG, id }]

/** The same proposal with perfect forward secrecy by `group`; absent: without. */
export const withGroup = (
  transforms: readonly IkeTransform[],
  group: number | undefined,
): readonly IkeTransform[] => {
  const others = transforms.filter(({ type }) => type !== DH)
  return group === undefined ? others : [...others, { type: DH, id: group }]
}

/** Number them from 1, each with the sender's SPI. */
export const proposalsOf = (
  protocol: number,
  spi: Uint8Array,
  each: readonly (readonly IkeTransform[])[],
): readonly IkeProposal[] =>
  each.map((transforms, at) => ({ number: at + 1, protocol, spi, transforms }))

/** The first of `suites` that some proposal allows. */
export const chooseIke = (
  proposals: readonly IkeProposal[],
  suites: readonly IkeSuite[],
): Choice<IkeSuite> | undefined => choose(proposals, suites, 1, ikeTransforms)

/** `usesGroup`: the exchange may carry KE. The first child has none, whatever the suite says (RFC 7296 §1.2). */
export const chooseEsp = (
  proposals: readonly IkeProposal[],
  suites: readonly EspSuite[],
  usesGroup: boolean,
): Choice<EspSuite> | undefined => {
  const choice = choose(proposals, suites, 3, (suite) =>
    withGroup(espTransforms(suite), usesGroup ? suite.group : undefined),
  )
  if (choice === undefined || usesGroup) return choice
  const { group: _, ...suite } = choice.suite
  return { ...choice, suite }
}

function choose<Suite>(
  proposals: readonly IkeProposal[],
  suites: readonly Suite[],
  protocol: number,
  transformsOf: (suite: Suite) => readonly IkeTransform[],
): Choice<Suite> | undefined {
  for (const suite of suites) {
    const wanted = transformsOf(suite)
    for (const proposal of proposals) {
      if (proposal.protocol !== protocol) continue
      const transforms = match(proposal.transforms, wanted)
      if (transforms === undefined) continue
      const { number, spi } = proposal
      return { proposal: { number, protocol, spi, transforms }, suite }
    }
  }
  return undefined
}

/** One of each type that the proposal has, just what is wanted and nothing else; undefined: it cannot be had. */
function match(
  offered: readonly IkeTransform[],
  wanted: readonly IkeTransform[],
): readonly IkeTransform[] | undefined {
  const chosen: IkeTransform[] = []
  for (const type of new Set(offered.map((each) => each.type))) {
    const want = wanted.find((each) => each.type === type) ?? none(type)
    const found = offered.find((each) => want !== undefined && isSame(each, want))
    if (found === undefined) return undefined
    chosen.push(found)
  }
  const lacks = wanted.some(
    (want) =>
      !chosen.some(({ type }) => type === want.type) &&
      // A proposal without ESN means the plain sequence numbers.
      !(want.type === ESN && want.id === EsnId['No Extended Sequence Numbers']),
  )
  return lacks ? undefined : chosen
}

const none = (type: number): IkeTransform | undefined =>
  WITH_NONE.includes(type) ? { type, id: 0 } : undefined

/** RFC 7296 §3.3.6: a transform with an attribute that is not understood is not chosen. */
const isSame = (a: IkeTransform, b: IkeTransform): boolean =>
  a.type === b.type &&
  a.id === b.id &&
  a.keyLength === b.keyLength &&
  (a.attributes ?? []).length === 0

/** The suite of a responder's answer; undefined: it is none of those that were offered, or nothing that can be carried out. */
export function acceptedIke(
  answer: readonly IkeProposal[],
  offered: readonly IkeProposal[],
): IkeSuite | undefined {
  const transforms = accepted(answer, offered)
  if (transforms === undefined) return undefined
  const suite = {
    ...protectionIn(transforms),
    prf: idOf(transforms, PRF),
    group: idOf(transforms, DH),
  }
  const { encryption, prf, group } = suite
  const isWhole =
    supports.encryption(encryption.id, encryption.keyBits, 'ike') &&
    isProtection(suite) &&
    supports.prf(prf) &&
    supports.group(group)
  return isWhole ? suite : undefined
}

/** An AEAD alone, anything else with an integrity transform. */
function isProtection({
  encryption,
  integrity = 0,
}: Pick<IkeSuite, 'encryption' | 'integrity'>): boolean {
  const kind = encryptionOf(encryption)?.kind
  if (kind === undefined) return false
  return kind === 'aead' || kind === 'gmac' ? integrity === 0 : integrityOf(integrity) !== undefined
}

/** As {@link acceptedIke}. `group` is absent without PFS. */
export function acceptedEsp(
  answer: readonly IkeProposal[],
  offered: readonly IkeProposal[],
): EspSuite | undefined {
  const transforms = accepted(answer, offered)
  if (transforms === undefined) return undefined
  const protection = protectionIn(transforms)
  if (!isProtection(protection)) return undefined
  const group = idOf(transforms, DH)
  const esn = idOf(transforms, ESN) === 1
  return { ...protection, ...(group !== 0 && { group }), ...(esn && { esn }) }
}

function accepted(
  answer: readonly IkeProposal[],
  offered: readonly IkeProposal[],
): readonly IkeTransform[] | undefined {
  const [got, another] = answer
  const proposal = offered.find(({ number }) => number === got?.number)
  if (got === undefined || another !== undefined || proposal === undefined) return undefined
  if (got.protocol !== proposal.protocol) return undefined
  const wasOffered = got.transforms.every((each) =>
    proposal.transforms.some((other) => isSame(each, other)),
  )
  const isOneEach = new Set(got.transforms.map(({ type }) => type)).size === got.transforms.length
  const lacks = proposal.transforms.some(
    ({ type }) =>
      !got.transforms.some((each) => each.type === type) &&
      !proposal.transforms.some((each) => each.type === type && each.id === 0 && type !== ENCR),
  )
  return wasOffered && isOneEach && !lacks ? got.transforms : undefined
}

/** 0 where there is none. */
const idOf = (transforms: readonly IkeTransform[], type: number): number =>
  transforms.find((each) => each.type === type)?.id ?? 0

function protectionIn(
  transforms: readonly IkeTransform[],
): Pick<IkeSuite, 'encryption' | 'integrity'> {
  const { id = 0, keyLength } = transforms.find(({ type }) => type === ENCR) ?? {}
  const integrity = idOf(transforms, INTEG)
  return {
    encryption: { id, ...(keyLength !== undefined && { keyBits: keyLength }) },
    ...(integrity !== 0 && { integrity }),
  }
}

/** Groups of all proposals, in order. */
export const groupsOf = (each: readonly (readonly IkeTransform[])[]): readonly number[] => [
  ...new Set(each.flatMap((one) => one.filter(({ type }) => type === DH).map(({ id }) => id))),
]

/** `ENCR_AES_CBC_256/PRF_HMAC_SHA2_256/…`; several of one type with `|` between. */
export function proposalText(transforms: readonly IkeTransform[]): string {
  const types = [...new Set(transforms.map(({ type }) => type))].toSorted((a, b) => a - b)
  return types
    .filter((type) => type !== ESN || idOf(transforms, ESN) !== 0)
    .map((type) =>
      transforms
        .filter((each) => each.type === type)
        .map(({ id, keyLength }) =>
          keyLength === undefined
            ? transformName(type, id)
            : `${transformName(type, id)}_${keyLength}`,
        )
        .join('|'),
    )
    .join('/')
}
