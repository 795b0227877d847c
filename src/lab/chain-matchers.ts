/**
 * What can be claimed of a judged certificate, and of one that was to be selected: as `matchers.ts`, pure functions to findings.
 */
import type { Finding } from './failure.ts'
import type { ChainReport, SelectionReport } from './reports.ts'

function chain(
  report: ChainReport,
  claim: string,
  what: Pick<Finding, 'pass' | 'expected' | 'actual'>,
): Finding {
  const first = report.failures[0]
  return {
    subject: `the certificate of ${report.of}, as ${report.on} sees it,`,
    claim,
    found: first === undefined ? 'it is trusted' : `${first.code}: ${first.message}`,
    ...what,
    causes: report.failures.map((failure) => ({
      code: failure.code.includes('/') ? failure.code : `pki/${failure.code}`,
      at: report.on,
      message: `${failure.subject}: ${failure.message}${failure.got === undefined ? '' : ` (got ${failure.got})`}`,
    })),
  }
}

export const chainMatchers = {
  toBeTrusted: (report: ChainReport): Finding =>
    chain(report, 'be trusted', {
      pass: report.valid,
      expected: [],
      actual: report.failures.map((failure) => failure.code),
    }),
  /** One of the failures has this code (and this subject), and Windows shows and logs this of the first. */
  toFailBecause(report: ChainReport, code: string, where: ChainPlace = {}): Finding {
    const { subject, ...shown } = where
    const of = subject === undefined ? '' : ` of ${subject}`
    const actual = shownOf(report)
    return chain(report, `fail because of ${code}${of}${shownText(shown)}`, {
      pass:
        report.failures.some(
          (failure) =>
            failure.code === code && (subject === undefined || failure.subject === subject),
        ) && isShown(actual, shown),
      expected: { code, ...where },
      actual: {
        failures: report.failures.map(({ code, subject }) => ({ code, subject })),
        ...actual,
      },
    })
  },
  /** It is trusted, and this event is logged all the same. */
  toWarn(report: ChainReport, event: number): Finding {
    const events = (report.warnings ?? []).map(({ id }) => id)
    return chain(report, `be trusted with a warning, event ${event}`, {
      pass: report.valid && events.includes(event),
      expected: [event],
      actual: report.valid ? events : report.failures.map(({ code }) => code),
    })
  },
}

/** What Windows makes of a failure: the code that the user sees, the reason that NPS gives, the events that are logged. */
export interface Shown {
  readonly windows?: string
  readonly reason?: number
  /** The id of one event of them. */
  readonly event?: number
}

/** Where a claim about a chain is narrowed to. */
export interface ChainPlace extends Shown {
  readonly subject?: string
}

interface ShownActually {
  readonly windows: string | undefined
  readonly reason: number | undefined
  readonly events: readonly number[]
}

const shownOf = ({ windows }: ChainReport | SelectionReport): ShownActually => ({
  windows: windows?.code,
  reason: windows?.reason?.code,
  events: (windows?.events ?? []).map(({ id }) => id),
})

const isShown = (actual: ShownActually, { windows, reason, event }: Shown): boolean =>
  (windows === undefined || actual.windows === windows) &&
  (reason === undefined || actual.reason === reason) &&
  (event === undefined || actual.events.includes(event))

const shownText = ({ windows, reason, event }: Shown): string =>
  [
    windows === undefined ? '' : `, shown as ${windows}`,
    reason === undefined ? '' : `, reason ${reason}`,
    event === undefined ? '' : `, event ${event}`,
  ].join('')

function selection(
  report: SelectionReport,
  claim: string,
  what: Pick<Finding, 'pass' | 'expected' | 'actual'>,
): Finding {
  const { selected, asks, windows } = report
  const code = windows?.code ?? 'nothing'
  const found =
    selected !== undefined
      ? `it shows '${selected}'`
      : asks !== undefined
        ? `it asks the user: ${asks.join(', ')}`
        : `it has none to show (${code})`
  return {
    subject: `${report.on}, which looks for a certificate (${report.use}),`,
    claim,
    found,
    ...what,
    causes: report.passedOver.map(({ name, why }) => ({
      code: 'certificate/passed-over',
      at: report.on,
      message: `'${name}' ${why}`,
    })),
  }
}

export const selectionMatchers = {
  /** The certificate of this name is shown, and nobody is asked. */
  toSelect: (report: SelectionReport, name: string): Finding =>
    selection(report, `show '${name}'`, {
      pass: report.selected === name,
      expected: name,
      actual: report.selected,
    }),
  /** There is none to show, and Windows says so. */
  toFindNone(report: SelectionReport, shown: Shown): Finding {
    const actual = shownOf(report)
    return selection(report, `find none${shownText(shown)}`, {
      pass: report.selected === undefined && report.asks === undefined && isShown(actual, shown),
      expected: shown,
      actual,
    })
  },
}
