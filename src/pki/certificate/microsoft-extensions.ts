/**
 * The extensions that AD CS puts into certificates of its templates, read into plain data ([MS-WCCE] §2.2.2.7.7, KB5014754).
 * Not their meaning: a KDC maps by the SID, autoenrolment looks at the template.
 */
import { fromUtf8 } from '../../base/bytes.ts'
import { contextConstructed, TAG, type DerReader } from '../encoding/der.ts'
import { OID } from '../encoding/oids.ts'

/** A template of version 2 or later, and its revision. */
export interface TemplateInformation {
  readonly oid: string
  readonly major?: number
  readonly minor?: number
}

export function readTemplate(r: DerReader): TemplateInformation {
  const field = 'certificateTemplate'
  const inner = r.sequence(field)
  const oid = inner.oid(field)
  if (inner.atEnd) return { oid }
  const major = inner.smallInteger(field)
  if (inner.atEnd) return { oid, major }
  const minor = inner.smallInteger(field)
  inner.end(field)
  return { oid, major, minor }
}

/** A BMPString, though a UTF8String is what [MS-WCCE] §2.2.2.7.7.1 writes down. */
export function readTemplateName(r: DerReader): string {
  const field = 'enrollCertType'
  const { tag, contents, offset } = r.element(field)
  if (tag === TAG.utf8String) return fromUtf8(contents)
  const isWide = tag === TAG.bmpString && contents.length % 2 === 0
  if (!isWide) r.reject(field, 'not a BMPString', offset)
  return Buffer.from(contents).swap16().toString('utf16le')
}

const SID = /^S-1-\d{1,15}(?:-\d{1,10}){1,15}$/

/** The objectSid in text, the OCTET STRING of an otherName in GeneralNames. */
export function readSid(r: DerReader): string {
  const field = 'ntdsCaSecurityExt'
  const names = r.sequence(field)
  const name = names.constructed(field, contextConstructed(0))
  names.end(field)
  const at = name.oid(field)
  if (at !== OID.ntdsObjectSid) name.reject(field, `otherName ${at}, expected an objectSid`)
  const value = name.constructed(field, contextConstructed(0))
  name.end(field)
  const { contents, offset } = value.element(field, TAG.octetString)
  value.end(field)
  const sid = Buffer.from(contents).toString('latin1')
  if (!SID.test(sid)) r.reject(field, 'not a SID in text ([MS-DTYP] §2.4.2.1)', offset)
  return sid
}
