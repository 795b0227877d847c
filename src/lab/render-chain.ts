/**
 * A certificate chain as a small tree on the terminal: the root first, a block a certificate, each broken rule below the certificate
 * that breaks it. Not JSON: the report itself is that. What others of the topology say of the same certificate comes last.
 */
import { formatInstant, type Instant } from '../base/time.ts'
import type { ChainLink } from '../pki/path/chain-link.ts'
import type { LoggedEvent, WindowsOutcome } from '../pki/profile/profile.ts'
import { fixOf } from './chain-fixes.ts'
import { distanceWords, labelled, PLAIN_CANVAS, wrapped, type Canvas } from './layout.ts'
import type { ChainFailure, ChainReport, RejectedChain } from './reports.ts'

/** What one relying party of the topology says of the certificate. */
export interface PartyVerdict {
  readonly as: string
  readonly on: string
  readonly valid: boolean
  readonly windows?: WindowsOutcome
  /** Of the first failure. */
  readonly code?: string
}

const LABEL_WIDTH = 9
const MARK_WIDTH = 2
/** Columns that a text gets however deep it stands. */
const ROOM_MIN = 24
const REJECTED_MAX = 5

/** The verdict, the tree, what speaks against it, the other paths, the other parties. */
export function renderChain(
  report: ChainReport,
  canvas: Canvas = PLAIN_CANVAS,
  parties: readonly PartyVerdict[] = [],
): string[] {
  return [
    ...headline(report, canvas),
    ...windowsLines(report, canvas),
    '',
    ...tree(report, canvas),
    ...beside(report, canvas),
    ...tolerated(report, canvas),
    ...otherPaths(report, canvas),
    ...otherParties(parties, canvas),
  ]
}

function headline(report: ChainReport, { paint, marks }: Canvas): string[] {
  const { on, of, valid, profile, purpose, at } = report
  const mark = valid ? paint.green(marks.good) : paint.red(marks.bad)
  const verdict = valid ? paint.green('good') : paint.red('not good')
  const asked = purpose === undefined ? profile : `${profile}, ${purpose}`
  const judge = `${paint.bold(on)} (${asked}) at ${formatInstant(at)}`
  return [`${mark} ${paint.bold(of)} is ${verdict} to ${judge}`]
}

/** A line of the tree below its margin: a label and a text, or a broken rule. */
interface Row {
  readonly label: string
  readonly text: string
  readonly paint?: (text: string) => string
  /** The label is a mark, and has the colour of the text. */
  readonly isMark?: boolean
}

const same = (text: string): string => text

function tree(report: ChainReport, canvas: Canvas): string[] {
  const { paint, marks } = canvas
  const downwards = report.path.toReversed()
  const top = downwards[0]
  if (top === undefined) return []
  const isOpen = !top.isAnchor && top.subject !== top.issuer
  const blocks = downwards.map((link) => block(link, report, canvas))
  if (isOpen) blocks.unshift(absent(top, report, canvas))
  return blocks.flatMap(({ title, rows }, depth) => {
    const isLast = depth === blocks.length - 1
    const outer = ' '.repeat(2 + Math.max(0, depth - 1) * 3)
    const branch = depth === 0 ? '' : `${marks.branch} `
    const inner = ' '.repeat(2 + depth * 3)
    const stem = isLast ? '   ' : `${paint.dim(marks.down)}  `
    return [
      `${outer}${paint.dim(branch)}${title}`,
      ...rows.flatMap((row) => drawRow(row, `${inner}${stem}`, inner.length + 3, canvas)),
      ...(isLast ? [''] : [`${inner}${paint.dim(marks.down)}`]),
    ]
  })
}

function drawRow(row: Row, margin: string, used: number, { paint, width }: Canvas): string[] {
  const { label, text, paint: colour = same, isMark = false } = row
  const labelWidth = isMark ? MARK_WIDTH : LABEL_WIDTH
  const room = Math.max(ROOM_MIN, width - used - labelWidth)
  return wrapped(text, room).map((line, i) => {
    const name = (i === 0 ? label : '').padEnd(labelWidth)
    return `${margin}${(isMark ? colour : paint.dim)(name)}${colour(line)}`
  })
}

interface Block {
  readonly title: string
  readonly rows: readonly Row[]
}

/** The issuer that nobody knows: a gap drawn where a certificate should be. */
function absent({ issuer }: ChainLink, { on }: ChainReport, { paint, marks }: Canvas): Block {
  const why = paint.red(`not known to ${on}`)
  return { title: `${paint.red(marks.unknown)} ${paint.dim(issuer)}  ${why}`, rows: [] }
}

function block(link: ChainLink, report: ChainReport, canvas: Canvas): Block {
  const { paint, marks } = canvas
  const broken = report.failures.filter((failure) => isOf(failure, link, report))
  const mark = broken.length === 0 ? paint.green(marks.good) : paint.red(marks.bad)
  const mirror = link.mirror === true ? ['mirror of a real one'] : []
  const what = [roleOf(link, report), ...mirror, ...trustOf(link, report)].join(` ${marks.dot} `)
  return {
    title: `${mark} ${paint.bold(link.subject)}  ${paint.dim(what)}`,
    rows: [...factsOf(link, report, canvas), ...broken.flatMap((each) => brokenRows(each, canvas))],
  }
}

/** Several certificates of a path may have one name: the failure is told at the one nearest to the end entity. */
const isOf = ({ subject }: ChainFailure, link: ChainLink, { path }: ChainReport): boolean =>
  path.find((each) => each.subject === subject) === link

function roleOf(link: ChainLink, { path }: ChainReport): string {
  const depth = path.indexOf(link)
  if (depth === 0)
    return path.length > 1 || link.subject !== link.issuer ? 'end entity' : 'self-signed'
  if (link.subject === link.issuer && depth === path.length - 1) return 'root'
  return depth === 1 ? 'issuing CA' : 'intermediate CA'
}

function trustOf(link: ChainLink, { path, on }: ChainReport): string[] {
  if (link.isAnchor) return [`trusted by ${on}`]
  const isTop = link === path.at(-1) && link.subject === link.issuer
  return isTop ? [`not trusted by ${on}`] : []
}

function factsOf(link: ChainLink, report: ChainReport, { paint }: Canvas): Row[] {
  const { notBefore, notAfter, key, mirrorOf, purposes, names } = link
  const isBroken = report.failures.some((failure) => isOf(failure, link, report))
  return [
    {
      label: 'valid',
      text: `${dateOf(notBefore)} to ${dateOf(notAfter)}, ${lifeOf(link, report.at)}`,
      ...(isNear(link, report.at) && { paint: paint.yellow }),
    },
    { label: 'key', text: key },
    ...(mirrorOf === undefined ? [] : [{ label: 'mirror', text: `of the real one, ${mirrorOf}` }]),
    ...(purposes === undefined ? [] : [{ label: 'for', text: purposes.join(', ') }]),
    ...(names.length === 0 ? [] : [{ label: 'names', text: names.join(', ') }]),
    ...(isBroken ? [{ label: 'SHA-1', text: link.thumbprint }] : []),
    // Nobody looks up whether a trust anchor was revoked.
    ...(link.isAnchor ? [] : sourceRows(link, report)),
  ]
}

const dateOf = (at: Instant): string => formatInstant(at).slice(0, 10)

const NEAR_US = 30 * 86_400e6
const isNear = ({ notAfter }: ChainLink, at: Instant): boolean => notAfter - at < NEAR_US

function lifeOf({ notBefore, notAfter }: ChainLink, at: Instant): string {
  if (at < notBefore) return `begins ${distanceWords(at, notBefore)}`
  return `${notAfter < at ? 'expired' : 'expires'} ${distanceWords(at, notAfter)}`
}

/** Where its revocation and its issuer were looked up, and what came of it: only what was asked for. */
function sourceRows({ crlUrls, ocspUrls, issuerUrls }: ChainLink, report: ChainReport): Row[] {
  const rowsOf = (label: string, urls: readonly string[]): Row[] => {
    const asked = urls.flatMap((url) => {
      const outcome = outcomeOf(url, report)
      return outcome === undefined ? [] : [`${url}  ${outcome}`]
    })
    return asked.map((text, i) => ({ label: i === 0 ? label : '', text }))
  }
  return [...rowsOf('OCSP', ocspUrls), ...rowsOf('CRL', crlUrls), ...rowsOf('AIA', issuerUrls)]
}

function outcomeOf(url: string, { fetches, fromCache }: ChainReport): string | undefined {
  const outcome = fetches.find((fetch) => fetch.url === url)?.outcome
  if (outcome !== undefined) return outcome === '200' ? 'fetched' : outcome
  return fromCache.includes(url) ? 'from the cache' : undefined
}

function brokenRows(failure: ChainFailure, { paint, marks }: Canvas): Row[] {
  const { code, message, expected, got } = failure
  const fix = fixOf(failure)
  return [
    { label: marks.bad, text: `${code}  ${message}`, paint: paint.red, isMark: true },
    ...(expected === undefined ? [] : [{ label: 'expected', text: expected }]),
    ...(got === undefined ? [] : [{ label: 'got', text: got }]),
    ...(fix === '' ? [] : [{ label: 'fix', text: fix, paint: paint.bold }]),
  ]
}

/** Failures of certificates that are not in the path: one that could not be read, for example. */
function beside(report: ChainReport, canvas: Canvas): string[] {
  const others = report.failures.filter(
    ({ subject }) => !report.path.some((link) => link.subject === subject),
  )
  const lines = others.flatMap((failure) => [
    `  ${canvas.paint.red(canvas.marks.bad)} ${canvas.paint.bold(failure.subject)}`,
    ...brokenRows(failure, canvas).flatMap((row) => drawRow(row, '     ', 5, canvas)),
  ])
  return lines.length === 0 ? [] : [...lines, '']
}

/** What this relying party does not insist on: another one might. */
function tolerated(report: ChainReport, canvas: Canvas): string[] {
  const { paint, marks } = canvas
  const lines = report.tolerated.flatMap(({ subject, code, message }) => {
    const text = `${code}  ${subject} ${message}: looked over`
    return drawRow(
      { label: marks.warning, text, paint: paint.yellow, isMark: true },
      '  ',
      2,
      canvas,
    )
  })
  return lines.length === 0 ? [] : [...lines, '']
}

/** What the user sees, what is logged and where, what does not count yet, and on which assumptions that rests. */
function windowsLines(report: ChainReport, { paint, width }: Canvas): string[] {
  const { windows, warnings = [], notes = [], restsOn = [] } = report
  const events = [...(windows?.events ?? []), ...warnings]
  const rows: readonly (readonly [label: string, texts: readonly string[]])[] = [
    ['Windows', windows === undefined ? [] : [outcomeText(windows)]],
    ['logged', events.map(eventText)],
    ['note', notes],
    ['rests on', restsOn],
  ]
  const room = width - LABEL_WIDTH - 2
  return rows.flatMap(([label, texts]) =>
    labelled(
      label,
      texts.flatMap((text) => wrapped(text, room)),
      paint,
    ),
  )
}

function outcomeText({ code, name, reason, prompt }: WindowsOutcome): string {
  const nps = reason === undefined ? '' : `, NPS reason ${reason.code}: ${reason.text}`
  const asked = prompt === undefined ? '' : `, after asking: ${prompt}`
  return `${code} ${name}${nps}${asked}`
}

const eventText = ({ on, id, source, text }: LoggedEvent): string =>
  `${on} event ${id} (${source}): ${text}`

/** Of a chain that fails: what became of every other way to a root, a line each. */
function otherPaths({ valid, rejected }: ChainReport, { paint, marks, width }: Canvas): string[] {
  if (valid || rejected.length === 0) return []
  const lineOf = ({ path, failures }: RejectedChain): string => {
    const first = failures[0]
    const why = first === undefined ? '' : `${first.code} ${first.subject}`
    const line = `${path.toReversed().join(' > ')}: ${why}`
    return line.length > width - 6 ? `${line.slice(0, width - 9)}...` : line
  }
  const more = rejected.length - REJECTED_MAX
  return [
    `  ${paint.dim('other paths that were tried')}`,
    ...rejected.slice(0, REJECTED_MAX).map((path) => `    ${paint.red(marks.bad)} ${lineOf(path)}`),
    ...(more > 0 ? [`    and ${more} more`] : []),
    '',
  ]
}

/** One verdict for all who say the same for the same reason, and who they are. */
function otherParties(parties: readonly PartyVerdict[], canvas: Canvas): string[] {
  const { paint, marks, width } = canvas
  if (parties.length === 0) return []
  const groups = new Map<string, PartyVerdict[]>()
  for (const party of parties) {
    const key = JSON.stringify([party.as, party.valid, party.code, party.windows?.code])
    groups.set(key, [...(groups.get(key) ?? []), party])
  }
  const widest = Math.max(...parties.map(({ as }) => as.length))
  const lines = [...groups.values()].flatMap((group) => {
    const { as, valid } = group[0]!
    const colour = valid ? paint.green : paint.red
    const verdict = valid ? 'accepts it' : `refuses it  ${reasonOf(group[0]!)}`
    const start = `    ${marks.good} ${as.padEnd(widest)}  ${verdict}`
    const judges = `on ${named(group)}`
    const fits = start.length + 2 + judges.length <= width
    const line = `    ${colour(valid ? marks.good : marks.bad)} ${as.padEnd(widest)}  ${colour(verdict)}`
    return fits
      ? [`${line}  ${paint.dim(judges)}`]
      : [line, `      ${' '.repeat(widest)}  ${paint.dim(judges)}`]
  })
  return [`  ${paint.dim('as Windows judges it in this topology')}`, ...lines]
}

const reasonOf = ({ windows, code = '' }: PartyVerdict): string =>
  windows === undefined ? code : `${windows.code} ${windows.name} (${code})`

const NAMES_MAX = 6

function named(parties: readonly PartyVerdict[]): string {
  const names = [...new Set(parties.map(({ on }) => on))]
  const more = names.length - NAMES_MAX
  return more > 0 ? `${names.slice(0, NAMES_MAX).join(', ')} and ${more} more` : names.join(', ')
}
