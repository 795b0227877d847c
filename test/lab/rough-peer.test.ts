/** A client's end of EAP that breaks the rules: what it changes of each answer, and of no other. */
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { roughened } from '../../src/lab/rough-peer.ts'
import type { EapPeerEnd } from '../../src/node/nas/nas.ts'

const IDENTITY = '0201000a01616461406378'
/** PEAP, no flags, a record with a ClientHello. */
const HELLO = '0202000e1900160301000301000000'
/** PEAP with length and more fragments, then the last of them. */
const FIRST_PART = '0203000e19c00000000814030300'
const LAST_PART = '02040008190001010203'

/** Says these, one after the other. */
function saying(...answers: readonly string[]): EapPeerEnd {
  const left = [...answers]
  return {
    packet(_, done) {
      const next = left.shift()
      done(next === undefined ? undefined : fromHex(next))
    },
  }
}

/** What an end answers to as many requests. */
function answersOf(end: EapPeerEnd, requests: number): readonly (string | undefined)[] {
  const got: (string | undefined)[] = []
  for (let i = 0; i < requests; i++) {
    end.packet(new Uint8Array(), (answer) => got.push(answer && toHex(answer)))
  }
  return got
}

const ALL = [IDENTITY, HELLO, FIRST_PART, LAST_PART]

describe('a peer of which nothing is asked', () => {
  test('is the peer itself', () => {
    const end = saying(...ALL)
    expect(roughened(end, {})).toBe(end)
  })
})

describe('a peer that leaves', () => {
  test.for([0, 1, 3])('is gone after %i answers', (leavesAfter) => {
    const got = answersOf(roughened(saying(...ALL), { leavesAfter }), 4)
    expect(got).toEqual(ALL.map((answer, i) => (i < leavesAfter ? answer : undefined)))
  })
})

describe('an answer that is tampered with', () => {
  test('in a record: the last byte of the second flight, whose fragments stay otherwise whole', () => {
    const got = answersOf(roughened(saying(...ALL), { tampering: 'record' }), 4)
    expect(got).toEqual([IDENTITY, HELLO, FIRST_PART, LAST_PART.replace(/03$/, '02')])
  })

  test('in a message: the ClientHello becomes a ServerHelloDone', () => {
    const got = answersOf(roughened(saying(...ALL), { tampering: 'message' }), 4)
    const changed = HELLO.replace('160301000301', '16030100030e')
    expect(got).toEqual([IDENTITY, changed, FIRST_PART, LAST_PART])
  })

  test('in its place: an acknowledgement with the same identifier', () => {
    const got = answersOf(roughened(saying(...ALL), { tampering: 'sequence' }), 4)
    expect(got).toEqual([IDENTITY, '020200061900', FIRST_PART, LAST_PART])
  })

  test('is none of another method', () => {
    const challenge = '0202000a1a0202000501ff'
    const end = roughened(saying(IDENTITY, challenge), { tampering: 'record' })
    expect(answersOf(end, 2)).toEqual([IDENTITY, challenge])
  })
})
