/**
 * Why a topology cannot be built: a path into it and one sentence. And how such a path is shown to people.
 * Not a finding: what is legal but unwise is `check`'s business.
 */

export type TopologyPath = readonly (string | number)[]

export interface TopologyProblem {
  /** Into the topology as data: `['nodes', 'edge', 'interfaces', 0, 'address']`. */
  readonly path: TopologyPath
  /** One sentence without a full stop; quotes the value and says what was expected. */
  readonly message: string
  readonly severity: 'error'
}

/** A problem before its path was prefixed: what the check of one value says. */
export type Complaint = string | undefined

/** Collects problems below one path. */
export class Problems {
  readonly found: TopologyProblem[]
  readonly #path: TopologyPath

  constructor(path: TopologyPath = [], found: TopologyProblem[] = []) {
    this.#path = path
    this.found = found
  }

  /** The same collection, one or more steps further down. */
  at(...steps: readonly (string | number)[]): Problems {
    return new Problems([...this.#path, ...steps], this.found)
  }

  /** Note `complaint`, if there is one. */
  add(complaint: Complaint): void {
    if (complaint !== undefined) {
      this.found.push({ path: this.#path, message: complaint, severity: 'error' })
    }
  }
}

/** What stands at `path` in plain data; undefined where it leads nowhere. */
export function valueAt(root: unknown, path: TopologyPath): unknown {
  return path.reduce<unknown>((value, step) => memberOf(value, step), root)
}

function memberOf(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
  return (value as Readonly<Record<string | number, unknown>>)[step]
}

/** A name by which people know an element of a list: its `name`, else the `network` it is on. */
export function nameOfElement(element: unknown): string | undefined {
  for (const key of ['name', 'network']) {
    const name = memberOf(element, key)
    if (typeof name === 'string' && name !== '') return name
  }
  return undefined
}

/** `nodes.edge.interfaces.lan.address`, `nodes.edge.filter.rules.ike-to-gateway.udp[0]`: list elements by name where they have one. */
export function formatPath(root: unknown, path: TopologyPath): string {
  let shown = ''
  path.forEach((step, depth) => {
    const name =
      typeof step === 'number' ? nameOfElement(valueAt(root, path.slice(0, depth + 1))) : step
    if (name === undefined) shown += `[${step}]`
    else shown += shown === '' ? name : `.${name}`
  })
  return shown
}
