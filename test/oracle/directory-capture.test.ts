/** A member's conversation with its controller in the eyes of tshark: LDAP, NTLM and SMB, nothing malformed, no warning. */
import { describe, expect, test } from 'vitest'
import { seconds } from '../../src/base/time.ts'
import { captureOf } from '../../src/lab/capture.ts'
import { msChapV2 } from '../directory/people.ts'
import { Site } from '../node/directory-site.ts'
import { checkCapture, readAllowed } from './tshark/check-capture.ts'
import { dissect, hasTshark } from './tshark/tshark.ts'

const isJudged = hasTshark() || process.env['SALLYPORT_JUDGES'] === 'required'

describe.runIf(isJudged)('a member and its controller', () => {
  test('speak as tshark expects', () => {
    const site = new Site()
    for (const name of ['CORP\\ada', 'ada@contoso.com', 'host/laptop.corp.contoso.com', 'zoe']) {
      site.lookup(name)
    }
    for (const password of [undefined, 'wrong']) {
      site.ask<unknown>((client, done) => client.logonMsChapV2(msChapV2('ada', password), done))
    }
    site.client.close()
    site.run(seconds(1))
    const { events } = site.net.trace
    const capture = captureOf(events)
    expect(checkCapture(capture, readAllowed(), events).findings).toEqual([])
    const protocols = dissect(capture).flatMap((frame) => frame.field('tcp.dstport') ?? [])
    expect(new Set(protocols)).toEqual(new Set([...protocols, '389', '3268', '445']))
  })
})
