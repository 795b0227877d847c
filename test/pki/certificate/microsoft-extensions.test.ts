import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import { readDer } from '../../../src/pki/encoding/der.ts'
import * as write from '../../../src/pki/encoding/der-writer.ts'
import {
  sidExtension,
  templateInformation,
  templateName,
} from '../../../src/pki/certificate/extension-writer.ts'
import {
  readCertificateExtension,
  type Extension,
} from '../../../src/pki/certificate/extensions.ts'
import { OID } from '../../../src/pki/encoding/oids.ts'

const read = ({ oid, value }: Pick<Extension, 'oid' | 'value'>) =>
  readDer(value, 'extension', (r) => {
    const values = {}
    readCertificateExtension(oid, r, value, values)
    r.element('value')
    return values
  })

const SID = 'S-1-5-21-1004336348-1177238915-682003330-1104'

test('the SID of an account, in the bytes that AD CS writes', () => {
  const extension = sidExtension(SID)
  expect(extension).toMatchObject({ oid: '1.3.6.1.4.1.311.25.2', critical: false })
  const text = Buffer.from(SID).toString('hex')
  expect(toHex(extension.value)).toBe(`303fa03d060a2b060104018237190201a02f042d${text}`)
  expect(read(extension)).toEqual({ ok: true, value: { sid: SID } })
})

test('the name of a version 1 template and the revision of a version 2 one', () => {
  expect(toHex(templateName('User').value)).toBe('1e080055007300650072')
  expect(read(templateName('User'))).toEqual({ ok: true, value: { templateName: 'User' } })
  const template = '1.3.6.1.4.1.311.21.8.1.2.3'
  expect(read(templateInformation(template, 100, 4))).toEqual({
    ok: true,
    value: { template: { oid: template, major: 100, minor: 4 } },
  })
})

test.for([
  ['no otherName', write.sequence(write.octetString(fromHex('00')))],
  ['no SID in it', sidExtension('S-1-x').value],
  ['something after it', write.sequence(sidExtension(SID).value.subarray(2), write.integer(1))],
  ['another type of name', write.sequence(write.explicit(0, write.oid('1.2.3')))],
] as const)('a SID extension with %s says nothing', ([, value]) => {
  const values = { unreadable: [OID.ntdsCaSecurityExt] }
  expect(read({ oid: OID.ntdsCaSecurityExt, value })).toEqual({ ok: true, value: values })
})

test.for([
  ['half a character', write.element(0x1e, fromHex('00550000'.slice(0, 6)))],
  ['a number', write.integer(4)],
] as const)('a template name of %s says nothing', ([, value]) => {
  const values = { unreadable: [OID.enrollCertType] }
  expect(read({ oid: OID.enrollCertType, value })).toEqual({ ok: true, value: values })
})
