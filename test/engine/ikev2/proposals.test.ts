import { describe, expect, test } from 'vitest'
import {
  acceptedEsp,
  acceptedIke,
  chooseEsp,
  chooseIke,
  espTransforms,
  groupsOf,
  ikeTransforms,
  proposalsOf,
  proposalText,
  withGroup,
} from '../../../src/engine/ikev2/proposals.ts'
import type { IkeTransform } from '../../../src/wire/ikev2/security-association.ts'
import { ESP_SUITE, IKE_SUITE } from './pair.ts'

const NO_SPI = new Uint8Array()
const SPI = Uint8Array.of(1, 2, 3, 4)
const GCM = { encryption: { id: 20, keyBits: 128 }, prf: 5, group: 19 }
const ike = (...each: readonly (readonly IkeTransform[])[]) => proposalsOf(1, NO_SPI, each)
const esp = (...each: readonly (readonly IkeTransform[])[]) => proposalsOf(3, SPI, each)
const [BASE, BASE_ESP] = [ikeTransforms(IKE_SUITE), espTransforms(ESP_SUITE)]
const without = (type: number, from: readonly IkeTransform[]) =>
  from.filter((each) => each.type !== type)

describe('a responder takes', () => {
  test('the first of its own suites, from whatever proposal has it, under that number', () => {
    const choice = chooseIke(ike(ikeTransforms(GCM), BASE), [IKE_SUITE, GCM])
    expect(choice).toEqual({ suite: IKE_SUITE, proposal: ike([], BASE)[1] })
  })

  test('one transform of each type', () => {
    const many = [...BASE, { type: 4, id: 14 }, { type: 2, id: 2 }, { type: 1, id: 3 }]
    expect(chooseIke(ike(many), [IKE_SUITE])?.proposal.transforms).toHaveLength(4)
  })

  test('an AEAD, with integrity "none" or without', () => {
    const none = [...ikeTransforms(GCM), { type: 3, id: 0 }]
    expect(chooseIke(ike(none), [GCM])?.proposal.transforms).toEqual(none)
    expect(chooseIke(ike(ikeTransforms(GCM)), [GCM])).toBeDefined()
  })

  test('ESP without a word about sequence numbers for plain ones', () => {
    expect(chooseEsp(esp(without(5, BASE_ESP)), [ESP_SUITE], false)).toBeDefined()
    expect(chooseEsp(esp(BASE_ESP), [{ ...ESP_SUITE, esn: true }], false)).toBeUndefined()
  })

  test('the first child without its group, a later one with it', () => {
    const suite = { ...ESP_SUITE, group: 14 }
    expect(chooseEsp(esp(BASE_ESP), [suite], false)?.suite).toEqual(ESP_SUITE)
    expect(chooseEsp(esp(BASE_ESP), [suite], true)).toBeUndefined()
    expect(chooseEsp(esp(withGroup(BASE_ESP, 14)), [suite], true)?.suite).toEqual(suite)
    expect(chooseEsp(esp(withGroup(BASE_ESP, 14)), [ESP_SUITE], true)).toBeUndefined()
  })

  test.for<[string, readonly IkeTransform[]]>([
    [
      'another length of key',
      BASE.map((each) => (each.type === 1 ? { ...each, keyLength: 128 } : each)),
    ],
    ['no length of key', BASE.map(({ type, id }) => ({ type, id }))],
    [
      'an attribute that nobody knows',
      BASE.map((each) => ({ ...each, attributes: [{ type: 15, value: 1 }] })),
    ],
    ['no group', without(4, BASE)],
    ['no integrity', without(3, BASE)],
    ['a type that nobody knows', [...BASE, { type: 6, id: 1 }]],
    ['nothing', []],
  ])('nothing of a proposal with %s', ([, transforms]) => {
    expect(chooseIke(ike(transforms), [IKE_SUITE])).toBeUndefined()
  })

  test('nothing of another protocol', () => {
    expect(chooseIke(proposalsOf(3, SPI, [BASE]), [IKE_SUITE])).toBeUndefined()
  })
})

describe('an initiator believes', () => {
  const offered = ike([...BASE, { type: 4, id: 14 }], ikeTransforms(GCM))

  test('one of its own proposals, with one transform of each type', () => {
    expect(acceptedIke(ike(BASE), offered)).toEqual(IKE_SUITE)
    expect(acceptedIke([{ ...ike(ikeTransforms(GCM))[0]!, number: 2 }], offered)).toEqual(GCM)
  })

  test.for<[string, ReturnType<typeof ike>]>([
    ['nothing', []],
    ['two proposals', ike(BASE, ikeTransforms(GCM))],
    ['a number that was not offered', [{ ...ike(BASE)[0]!, number: 3 }]],
    ['transforms of another proposal', [{ ...ike(BASE)[0]!, number: 2 }]],
    ['another protocol', proposalsOf(3, SPI, [BASE])],
    ['two groups', ike([...BASE, { type: 4, id: 14 }])],
    ['no prf', ike(without(2, BASE))],
    ['no integrity', ike(without(3, BASE))],
    ['no encryption', ike(without(1, BASE))],
    ['a weaker cipher', ike([...without(1, BASE), { type: 1, id: 3 }])],
    ['a shorter key', ike([...without(1, BASE), { type: 1, id: 12, keyLength: 128 }])],
  ])('not %s', ([, answer]) => {
    expect(acceptedIke(answer, offered)).toBeUndefined()
  })

  test('of a child: with the group that it asked with, and none that it did not', () => {
    const withPfs = esp(withGroup(BASE_ESP, 19))
    expect(acceptedEsp(withPfs, withPfs)).toEqual({ ...ESP_SUITE, group: 19 })
    expect(acceptedEsp(esp(BASE_ESP), withPfs)).toBeUndefined()
    expect(acceptedEsp(withPfs, esp(BASE_ESP))).toBeUndefined()
    const esn = esp([...without(5, BASE_ESP), { type: 5, id: 1 }])
    expect(acceptedEsp(esn, esn)).toEqual({ ...ESP_SUITE, esn: true })
  })

  test('nothing that it cannot carry out, though it was offered', () => {
    const unknown = ike([...without(1, BASE), { type: 1, id: 23, keyLength: 256 }])
    expect(acceptedIke(unknown, unknown)).toBeUndefined()
  })
})

test('groups of all proposals, in the order of the offers', () => {
  expect(groupsOf([[...BASE, { type: 4, id: 14 }], ikeTransforms({ ...GCM, group: 20 })])).toEqual([
    19, 14, 20,
  ])
})

test('in words, several of a type beside each other', () => {
  expect(proposalText([...BASE, { type: 4, id: 14 }])).toBe(
    'ENCR_AES_CBC_256/PRF_HMAC_SHA2_256/AUTH_HMAC_SHA2_256_128/ECP_256|MODP_2048',
  )
  expect(proposalText([{ type: 1, id: 77 }])).toBe(
    proposalText([
      { type: 1, id: 77 },
      { type: 5, id: 0 },
    ]),
  )
})
