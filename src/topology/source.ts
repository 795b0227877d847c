/**
 * Where in the user's own source a topology path was written: file, line and column of a node, an address, a rule.
 * Import this file lazily, after a failure: it brings a TypeScript parser along. It reads; it never runs what it reads, so where a
 * value is computed it answers with the nearest thing that is written down.
 */
import { readFileSync } from 'node:fs'
import { normalize, resolve } from 'node:path'
import { Node, Project, ts, type ConditionalExpression, type SourceFile as TsFile } from 'ts-morph'
import { decodeText, shownPath, splitExport } from './files.ts'
import { parseJson } from './json-text.ts'
import { positionAt, type Position } from './position.ts'
import type { TopologyPath } from './problems.ts'

export interface SourceLocation extends Position {
  /** As a person would type it. */
  readonly file: string
}

/** A topology file opened for questions. */
export interface TopologySource {
  locate(path: TopologyPath): SourceLocation | undefined
}

/**
 * Where `path` stands in a topology file (`.ts` or `.json`; `file#name` names one export of several). List elements may be given by
 * index, or by their `name` or `network`: `['nodes', 'edgeFirewall', 'filter', 'rules', 'ike-to-gateway']`.
 * What cannot be followed ends at the nearest enclosing thing. Undefined: the file cannot be read or holds no topology.
 */
export function locate(file: string, path: TopologyPath): SourceLocation | undefined {
  return openSource(file).locate(path)
}

/** Where a filter, NAT or forwarding rule, block or default policy of a node is written. */
export function locateRule(file: string, node: string, rule: string): SourceLocation | undefined {
  const source = openSource(file)
  const around = source.locate(['nodes', node])
  for (const list of [
    ['filter', 'rules'],
    ['filter', 'nat'],
    ['firewall', 'rules'],
    ['firewall', 'nat'],
    ['nat', 'forwards'],
    ['nat', 'blocks'],
    ['filter', 'otherwise'],
    ['firewall', 'otherwise'],
  ]) {
    const listAt = source.locate(['nodes', node, ...list])
    const ruleAt = source.locate(['nodes', node, ...list, rule])
    if (!samePlace(listAt, ruleAt)) return ruleAt
  }
  return around
}

const samePlace = (a: SourceLocation | undefined, b: SourceLocation | undefined): boolean =>
  a?.file === b?.file && a?.line === b?.line && a?.column === b?.column

/** Open a topology file once for several questions. */
export function openSource(file: string): TopologySource {
  const [name, chosen] = splitExport(file)
  return name.toLowerCase().endsWith('.json') ? openJson(name) : openTypeScript(name, chosen)
}

function readText(file: string): string | undefined {
  try {
    return decodeText(readFileSync(file))?.text
  } catch {
    return undefined // It was readable a moment ago; without it there is simply no place to name.
  }
}

function openJson(file: string): TopologySource {
  const text = readText(file)
  const read = text === undefined ? undefined : parseJson(text)
  return {
    locate: (path) =>
      read?.ok === true ? { file: shownPath(file), ...read.value.locate(path) } : undefined,
  }
}

function openTypeScript(file: string, chosen: string | undefined): TopologySource {
  const project = new Project({
    skipAddingFilesFromTsConfig: true,
    skipFileDependencyResolution: true,
    compilerOptions: {
      noLib: true,
      noResolve: true,
      types: [],
      allowJs: true,
      allowImportingTsExtensions: true,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
    },
  })
  const root = project.addSourceFileAtPathIfExists(resolve(file))
  if (root === undefined) return { locate: () => undefined }
  addRelativeImports(root, new Set())
  const exported = exportedTopology(root, chosen)
  if (exported === undefined) return { locate: () => undefined }
  return { locate: (path) => placeOf(new Walk().follow(exported, path).place) }
}

/** Only what stands beside the file itself matters; packages are not opened. */
function addRelativeImports(file: TsFile, seen: Set<string>): void {
  seen.add(file.getFilePath())
  for (const declaration of [...file.getImportDeclarations(), ...file.getExportDeclarations()]) {
    const specifier = declaration.getModuleSpecifierValue()
    if (specifier?.startsWith('.') !== true) continue
    const target = resolve(file.getDirectoryPath(), specifier)
    const candidates = [target, target.replace(/\.([cm]?)js$/, '.$1ts'), `${target}.ts`]
    for (const candidate of candidates) {
      if (seen.has(candidate) || !/\.[cm]?[jt]s$/.test(candidate)) continue
      const found = file.getProject().addSourceFileAtPathIfExists(candidate)
      if (found !== undefined) addRelativeImports(found, seen)
    }
  }
}

/** The chosen export, the default export, or the first that calls `topology`. */
function exportedTopology(file: TsFile, chosen: string | undefined): Node | undefined {
  const exported = file.getExportedDeclarations()
  const first = (name: string): Node | undefined => exported.get(name)?.[0]
  const expression = chosen === undefined ? first('default') : first(chosen)
  if (expression !== undefined) return valueOf(expression)
  for (const [declaration] of exported.values()) {
    const value = declaration === undefined ? undefined : valueOf(declaration)
    if (Node.isCallExpression(value) && calledName(value.getExpression()) === 'topology') {
      return value
    }
  }
  return undefined
}

function placeOf(node: Node): SourceLocation {
  const file = node.getSourceFile()
  return {
    file: shownPath(normalize(file.getFilePath())),
    ...positionAt(file.getFullText(), node.getStart()),
  }
}

/** What a declaration stands for. */
function valueOf(declaration: Node): Node | undefined {
  if (Node.isVariableDeclaration(declaration)) return declaration.getInitializer()
  if (Node.isExportAssignment(declaration)) return declaration.getExpression()
  if (Node.isPropertyAssignment(declaration)) return declaration.getInitializer()
  if (Node.isEnumMember(declaration)) return undefined
  return Node.isExpression(declaration) || Node.isFunctionDeclaration(declaration)
    ? declaration
    : undefined
}

/** The name under which a constructor was exported, however it was imported. */
function calledName(callee: Node): string {
  if (Node.isPropertyAccessExpression(callee)) return callee.getName()
  const declaration = callee.getSymbol()?.getDeclarations()[0]
  return Node.isImportSpecifier(declaration) ? declaration.getName() : callee.getText()
}

/** Which argument of a constructor holds which key of what it makes; `*` all others. */
const CONSTRUCTOR_ARGUMENTS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  topology: { '*': 0 },
  host: { interfaces: 0, '*': 1 },
  firewall: { interfaces: 0, '*': 1 },
  natRouter: { interfaces: 0, '*': 1 },
  ethernetSwitch: { '*': 0 },
  allow: { name: 0, '*': 1 },
  deny: { name: 0, '*': 1 },
  reject: { name: 0, verdict: 1, '*': 2 },
  allowEstablished: { name: 0 },
  dnsServer: { '*': 0 },
  dhcpServer: { '*': 0 },
  dhcpRelay: { '*': 0 },
  webServer: { '*': 0 },
  listener: { '*': 0 },
  vpnGateway: { '*': 0 },
}

/** Names that lead to each other in a circle end somewhere. */
const DEPTH_MAX = 60
/** So do functions that call themselves twice. */
const STEPS_MAX = 20_000

/** How far a path could be followed, and the place where that ended. */
interface Reached {
  readonly place: Node
  readonly steps: number
}

class Walk {
  /** Parameters of the user's own functions, bound to what the call gave. */
  readonly #bound = new Map<Node, Node>()
  #depth = 0
  #steps = 0

  #exhausted(): boolean {
    return this.#depth > DEPTH_MAX || this.#steps++ > STEPS_MAX
  }

  /** Go down `path` from `node`. `place` is what to point at if it leads no further: a key where there is one. */
  follow(node: Node, path: TopologyPath, place: Node = node): Reached {
    const stopped: Reached = { place, steps: 0 }
    if (path.length === 0 || this.#exhausted()) return stopped
    this.#depth++
    const value = this.#resolve(node)
    const reached = Node.isConditionalExpression(value)
      ? this.#intoEither(value, path)
      : (this.#intoObject(value, path) ??
        this.#intoArray(value, path) ??
        this.#intoCall(value, path))
    this.#depth--
    return reached !== undefined && reached.steps > 0 ? reached : stopped
  }

  /** Which branch is taken is not known here: the one that has the thing. */
  #intoEither(choice: ConditionalExpression, path: TopologyPath): Reached {
    const then = this.follow(choice.getWhenTrue(), path)
    const otherwise = this.follow(choice.getWhenFalse(), path)
    return otherwise.steps > then.steps ? otherwise : then
  }

  /** Through identifiers, `as const`, brackets and property accesses to what is written down. */
  #resolve(node: Node): Node {
    if (this.#exhausted()) return node
    this.#depth++
    const target = this.#target(node)
    const resolved = target === undefined ? node : this.#resolve(target)
    this.#depth--
    return resolved
  }

  #target(node: Node): Node | undefined {
    if (
      Node.isAsExpression(node) ||
      Node.isSatisfiesExpression(node) ||
      Node.isParenthesizedExpression(node) ||
      Node.isNonNullExpression(node) ||
      Node.isTypeAssertion(node)
    ) {
      return node.getExpression()
    }
    if (Node.isIdentifier(node)) return this.#declared(node)
    if (!Node.isPropertyAccessExpression(node)) return undefined
    // `parts.rule`, where `parts` is a whole module, names a variable; elsewhere it names a key.
    const symbol = node.getNameNode().getSymbol()
    const declaration = (symbol?.getAliasedSymbol() ?? symbol)?.getDeclarations()[0]
    if (Node.isVariableDeclaration(declaration)) return declaration.getInitializer()
    const reached = this.follow(node.getExpression(), [node.getName()])
    return reached.steps === 1 ? memberValue(reached.place) : undefined
  }

  #declared(identifier: Node): Node | undefined {
    const parent = identifier.getParent()
    const symbol = Node.isShorthandPropertyAssignment(parent)
      ? parent.getValueSymbol()
      : identifier.getSymbol()
    const declaration = (symbol?.getAliasedSymbol() ?? symbol)?.getDeclarations()[0]
    if (declaration === undefined) return undefined
    return this.#bound.get(declaration) ?? valueOf(declaration)
  }

  #intoObject(object: Node, path: TopologyPath): Reached | undefined {
    if (!Node.isObjectLiteralExpression(object)) return undefined
    const properties = object.getProperties()
    const [step, ...rest] = path
    // A list may be written as a map, interfaces by network: then the index counts keys.
    if (typeof step === 'number') return this.#intoProperty(properties[step], rest)
    for (const property of properties.toReversed()) {
      if (Node.isSpreadAssignment(property)) {
        const reached = this.follow(property.getExpression(), path)
        if (reached.steps > 0) return reached
      } else if (nameOfProperty(property) === step) {
        return this.#intoProperty(property, rest)
      }
    }
    const named = properties.find((property) => this.#nameOf(memberValue(property)) === step)
    return this.#intoProperty(named, rest)
  }

  #intoProperty(property: Node | undefined, rest: TopologyPath): Reached | undefined {
    const value = memberValue(property)
    if (property === undefined || value === undefined) return undefined
    const reached = this.follow(value, rest, property)
    return { place: reached.place, steps: reached.steps + 1 }
  }

  #intoArray(array: Node, path: TopologyPath): Reached | undefined {
    if (!Node.isArrayLiteralExpression(array)) return undefined
    const [step, ...rest] = path
    const elements = this.#elements(array)
    const element =
      typeof step === 'number'
        ? elements[step]
        : elements.find((candidate) => this.#nameOf(candidate) === step)
    if (element === undefined) return undefined
    const written = this.#resolve(element)
    // An element that has a name of its own elsewhere is best shown there.
    const reached = this.follow(
      element,
      rest,
      Node.isLiteralExpression(written) ? element : written,
    )
    return { place: reached.place, steps: reached.steps + 1 }
  }

  /** The elements of a list, with those of spread lists in between. */
  #elements(array: Node): readonly Node[] {
    if (!Node.isArrayLiteralExpression(array)) return []
    return array.getElements().flatMap((element) => {
      if (!Node.isSpreadElement(element)) return [element]
      return this.#elements(this.#resolve(element.getExpression()))
    })
  }

  /** The `name` or `network` that an element is written with. */
  #nameOf(element: Node | undefined): string | undefined {
    if (element === undefined) return undefined
    const made = this.#resolve(element)
    if (Node.isCallExpression(made) && made.getArguments().length === 0) {
      return calledName(made.getExpression()) === 'allowEstablished' ? 'established' : undefined
    }
    for (const key of ['name', 'network']) {
      const { place, steps } = this.follow(element, [key])
      if (steps === 0) continue
      const value = this.#resolve(memberValue(place) ?? place)
      if (Node.isStringLiteral(value) || Node.isNoSubstitutionTemplateLiteral(value)) {
        return value.getLiteralText()
      }
    }
    return undefined
  }

  #intoCall(call: Node, path: TopologyPath): Reached | undefined {
    if (!Node.isCallExpression(call)) return undefined
    const name = calledName(call.getExpression())
    const places = CONSTRUCTOR_ARGUMENTS[name]
    if (places === undefined || !Object.hasOwn(CONSTRUCTOR_ARGUMENTS, name)) {
      return this.#intoOwnFunction(call, path)
    }
    const [step, ...rest] = path
    const key = String(step)
    const held = Object.hasOwn(places, key) && key !== '*'
    const argument = call.getArguments()[held ? places[key]! : (places['*'] ?? -1)]
    if (argument === undefined) return undefined
    // The argument is the value itself, or an object that has it under its key.
    if (!held) return this.follow(argument, path)
    const reached = this.follow(argument, rest)
    return { place: reached.place, steps: reached.steps + 1 }
  }

  /** A function of the user's own: what it returns, with its parameters bound to the arguments. */
  #intoOwnFunction(call: Node, path: TopologyPath): Reached | undefined {
    if (!Node.isCallExpression(call)) return undefined
    const target = this.#resolve(call.getExpression())
    if (
      !Node.isArrowFunction(target) &&
      !Node.isFunctionDeclaration(target) &&
      !Node.isFunctionExpression(target)
    ) {
      return undefined
    }
    target.getParameters().forEach((parameter, i) => {
      const argument = call.getArguments()[i] ?? parameter.getInitializer()
      if (argument !== undefined) this.#bound.set(parameter, argument)
    })
    const body = target.getBody()
    const returned = Node.isBlock(body)
      ? body.getStatements().findLast(Node.isReturnStatement)?.getExpression()
      : body
    return returned === undefined ? undefined : this.follow(returned, path)
  }
}

function nameOfProperty(property: Node): string | undefined {
  if (Node.isPropertyAssignment(property) || Node.isShorthandPropertyAssignment(property)) {
    const name = property.getNameNode()
    return Node.isStringLiteral(name) ? name.getLiteralText() : name.getText()
  }
  return undefined
}

/** What stands behind a key. */
function memberValue(property: Node | undefined): Node | undefined {
  if (Node.isPropertyAssignment(property)) return property.getInitializer()
  return Node.isShorthandPropertyAssignment(property) ? property.getNameNode() : undefined
}
