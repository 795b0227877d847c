/**
 * Prints stories as they end, in the order of their files, and keeps what came of all for the verdict.
 * Not one of vitest's reporters: those run beside it.
 */
import type { Reporter, TestCase, TestModule, TestSpecification } from 'vitest/node'
import type { Problem } from './answer.ts'
import { moduleProblems, resultsOf, storyLines, type StoryResult } from './run-results.ts'
import type { Terminal } from './terminal.ts'

export interface UnhandledError {
  readonly name?: string
  readonly message: string
}

export class StoryReporter implements Reporter {
  readonly results: StoryResult[] = []
  readonly problems: Problem[] = []
  readonly unhandled: UnhandledError[] = []
  readonly #root: string
  readonly #terminal: Terminal
  readonly #prints: boolean
  readonly #finished = new Map<string, TestModule>()
  #waiting: string[] = []
  #told = 0

  constructor(options: {
    readonly root: string
    readonly terminal: Terminal
    /** Lines for people on standard output. */
    readonly prints: boolean
  }) {
    this.#root = options.root
    this.#terminal = options.terminal
    this.#prints = options.prints
  }

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.#waiting = specifications.map(({ moduleId }) => moduleId).toSorted()
  }

  onTestCaseReady(test: TestCase): void {
    if (test.meta().excluded !== true) this.#terminal.progress(`${this.#told} told · ${test.name}`)
  }

  onTestCaseResult(test: TestCase): void {
    if (test.meta().excluded !== true) this.#told++
  }

  onTestModuleEnd(module: TestModule): void {
    this.#finished.set(module.moduleId, module)
    this.#flush()
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly UnhandledError[]): void {
    // A module that could not be read has not "ended".
    for (const module of modules) this.#finished.set(module.moduleId, module)
    this.#flush()
    this.unhandled.push(...unhandled)
    this.#terminal.progress('')
  }

  /** Take over every module whose turn has come: the order is that of the file names, whoever was faster. */
  #flush(): void {
    for (;;) {
      const next = this.#waiting[0]
      const module = next === undefined ? undefined : this.#finished.get(next)
      if (module === undefined) return
      this.#waiting.shift()
      this.#take(module)
    }
  }

  #take(module: TestModule): void {
    this.problems.push(...moduleProblems(module, this.#root))
    for (const result of resultsOf(module, this.#root)) {
      this.results.push(result)
      this.problems.push(...result.problems)
      if (!this.#prints) continue
      for (const line of storyLines(result, this.#terminal.colors)) this.#terminal.print(line)
    }
  }
}
