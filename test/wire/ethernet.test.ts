import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { rngFrom } from '../../src/base/rng.ts'
import {
  decodeEthernet,
  drawMac,
  encodeEthernet,
  formatMac,
  isGroupFrame,
  isMac,
  tagFrame,
  untagFrame,
  vlanOf,
} from '../../src/wire/ethernet.ts'
import { valueOf } from './results.ts'

const UNTAGGED = fromHex('02005e100001 02005e100002 0800 4500')
const TAGGED = fromHex('02005e100001 02005e100002 8100 0014 0800 4500')

test('an untagged frame decodes and encodes back to the same bytes', () => {
  const decoded = decodeEthernet(UNTAGGED)
  expect(decoded).toMatchObject({ ok: true, value: { etherType: 0x0800 } })
  expect(encodeEthernet(valueOf(decoded))).toEqual(UNTAGGED)
})

test('a tagged frame tells its VLAN and encodes back to the same bytes', () => {
  const decoded = decodeEthernet(TAGGED)
  expect(decoded).toMatchObject({ ok: true, value: { vlan: 20, etherType: 0x0800 } })
  expect(encodeEthernet(valueOf(decoded))).toEqual(TAGGED)
})

test('a tag goes between the addresses and the type, and comes off again', () => {
  expect(toHex(tagFrame(UNTAGGED, 20))).toBe(toHex(TAGGED))
  expect(untagFrame(TAGGED)).toEqual(UNTAGGED)
  expect(vlanOf(TAGGED)).toBe(20)
  expect(vlanOf(UNTAGGED)).toBeUndefined()
})

test('only the 12 bits of the VLAN id are read from the tag', () => {
  expect(vlanOf(fromHex('02005e100001 02005e100002 8100 e014 0800'))).toBe(20)
})

test.for([0, 5, 11, 13])('%i bytes are no frame', (length) => {
  expect(decodeEthernet(UNTAGGED.subarray(0, length))).toMatchObject({
    ok: false,
    error: { code: 'truncated', layer: 'ethernet' },
  })
})

test('a tag cut short is no frame either', () => {
  expect(decodeEthernet(TAGGED.subarray(0, 17)).ok).toBe(false)
  expect(vlanOf(TAGGED.subarray(0, 17))).toBeUndefined()
})

test('drawn addresses are unicast and locally administered', () => {
  const rng = rngFrom('1')
  for (let i = 0; i < 20; i++) {
    const mac = drawMac(rng)
    expect(mac[0]! & 3).toBe(2)
    expect(isMac(mac, 0, mac)).toBe(true)
    expect(isGroupFrame(mac)).toBe(false)
  }
})

test('addresses print as Windows prints them', () => {
  expect(formatMac(fromHex('02005e10000a'))).toBe('02-00-5E-10-00-0A')
})
