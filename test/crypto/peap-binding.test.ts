import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import {
  boundMsk,
  compoundKeys,
  compoundMac,
  isCompoundMac,
  resumedCompoundKeys,
} from '../../src/crypto/peap-binding.ts'

// Two sign-ins of eapol_test 2.10 at hostapd 2.10 (PEAP version 0, EAP-MSCHAPv2, crypto_binding=2), written down from their logs: the
// first in full, the second resumed.
const FULL = {
  tunnelKey: fromHex(`
    033bff15be3fa85e890bc87186390c388ad2a5afab38da2b08e1a22c4730c11ab0c002e4b55bbb59
    bb5ef03634bb2a9b987ac3f74d4fdedf0b172a8c`),
  innerKey: fromHex('51258736c1afc1034be879ae6360eeafe86b085f39ca3528f9c7f68a029d4169'),
  ipmk: '653194519a953eb0da85d4e21ea2be108ebcf16897e95a07900569e5ac0f3d2f978d3479bac0c739',
  cmk: 'd994de00de7fad411aa28e652297234a29d56643',
  request: fromHex(`
    000c00380000000023cb7a0ff13dcc4c422375d8b31efade600611101f56a04b44d53ce3b9ed17c1
    65d74c83f8539260e5b0320a71587a23eb174668`),
  response: fromHex(`
    000c00380000000123cb7a0ff13dcc4c422375d8b31efade600611101f56a04b44d53ce3b9ed17c1
    575043a57e58bf47832759a3cb018afdfcd57d32`),
  msk:
    'd84a401565c2f224e4b68f6f2a44d4bdc6a4119c934c9d457f522a0ab78d3f07' +
    'fd7d257cc87081e31020394dcc9d51a6979196a563beaa69536f0e9784120586',
}
const RESUMED = {
  tunnelKey: fromHex(`
    07aed15f0f4323eb8aa6178ea90497a837cc3c49667ab0ff87b372d9fc6dd7139194fa00337b3af7
    c43e607b3ce933509f373215276490bc71dd1e32`),
  response: fromHex(`
    000c00380000000106a61644543a13b24cc6eef9ab221223e876a8c580dddfd69952b803aff85b3e
    1e5597f46ce2494800468e9399e9aae5320f02fe`),
  msk:
    '1156a9727a24dba2bdba63af393f98cf45fee07789dfbeb85a7969ae5b06c983' +
    'eddc3f21a8c12da7fcddeb4131bb4c51587648312b8df8c5c152976dd05c12e2',
}

describe('after an inner method', () => {
  const keys = compoundKeys(FULL.tunnelKey, FULL.innerKey)

  test('keys and MACs are those of wpa_supplicant and hostapd', () => {
    expect(toHex(keys.ipmk)).toBe(FULL.ipmk)
    expect(toHex(keys.cmk)).toBe(FULL.cmk)
    expect(isCompoundMac(keys.cmk, FULL.request)).toBe(true)
    expect(toHex(compoundMac(keys.cmk, FULL.response))).toBe(toHex(FULL.response.subarray(40)))
    expect(toHex(boundMsk(keys.ipmk))).toBe(FULL.msk)
  })

  test('a MAC is wrong with any byte changed, or with the key of another inner method', () => {
    for (const at of FULL.request.keys()) {
      expect(isCompoundMac(keys.cmk, FULL.request.with(at, FULL.request[at]! ^ 1))).toBe(false)
    }
    const other = compoundKeys(FULL.tunnelKey, FULL.innerKey.with(31, 0))
    expect(isCompoundMac(other.cmk, FULL.request)).toBe(false)
    expect(isCompoundMac(keys.cmk, FULL.request.subarray(0, 10))).toBe(false)
  })

  test('an inner key counts for 32 bytes: more is cut, less is filled with zeros', () => {
    const longer = new Uint8Array(64).fill(7)
    longer.set(FULL.innerKey)
    expect(compoundKeys(FULL.tunnelKey, longer)).toEqual(keys)
    expect(compoundKeys(FULL.tunnelKey)).toEqual(compoundKeys(FULL.tunnelKey, new Uint8Array(32)))
  })
})

test('of a resumed session the tunnel key itself is the keys', () => {
  const keys = resumedCompoundKeys(RESUMED.tunnelKey)
  expect(isCompoundMac(keys.cmk, RESUMED.response)).toBe(true)
  expect(toHex(boundMsk(keys.ipmk))).toBe(RESUMED.msk)
})
