import { describe, expect, test } from 'vitest'
import { fromHex } from '../../../src/base/bytes.ts'
import { isErrorNotify, notifyName, NotifyType } from '../../../src/wire/ikev2/notify-types.ts'
import {
  configAttributeName,
  exchangeName,
  payloadTypeName,
  transformName,
} from '../../../src/wire/ikev2/numbers.ts'
import { vendorId, vendorName } from '../../../src/wire/ikev2/vendor-ids.ts'

describe('names', () => {
  test('are the RFCs’, and a number where there is none', () => {
    expect([exchangeName(34), exchangeName(43), exchangeName(200)]).toEqual([
      'IKE_SA_INIT',
      'IKE_INTERMEDIATE',
      'exchange 200',
    ])
    expect([payloadTypeName(33), payloadTypeName(53), payloadTypeName(9)]).toEqual([
      'SA',
      'SKF',
      'payload 9',
    ])
    expect([notifyName(16_388), notifyName(16_430), notifyName(40_960)]).toEqual([
      'NAT_DETECTION_SOURCE_IP',
      'IKEV2_FRAGMENTATION_SUPPORTED',
      'notify 40960',
    ])
    expect(configAttributeName(23_456)).toBe('INTERNAL_IP4_SERVER')
    expect([transformName(1, 12), transformName(4, 20), transformName(9, 3)]).toEqual([
      'ENCR_AES_CBC',
      'ECP_384',
      'ADDKE4 id 3',
    ])
  })

  test('errors are below 16384', () => {
    expect([NotifyType.NO_PROPOSAL_CHOSEN, 16_383].every(isErrorNotify)).toBe(true)
    expect([NotifyType.INITIAL_CONTACT, 40_960].some(isErrorNotify)).toBe(false)
  })

  test('of vendors', () => {
    expect(vendorName(vendorId('strongSwan'))).toBe('strongSwan')
    expect(vendorName(vendorId('MS NT5 ISAKMPOAKLEY v9'))).toBe('MS NT5 ISAKMPOAKLEY v9')
    expect(vendorName(fromHex('1e2b516905991c7d7c96fcbfb587e46100000008'))).toBe(
      'MS NT5 ISAKMPOAKLEY v8',
    )
    expect(vendorName(fromHex('00'))).toBeUndefined()
  })
})
