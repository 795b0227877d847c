/**
 * Vitest's own test runner, which leaves out what the command line did not ask for.
 * A story is chosen by title, file name or tag; vitest's own filters know only one of these at a time.
 */
import path from 'node:path'
import { TestRunner, type RunnerTask, type RunnerTestFile } from 'vitest'
import type { RunSettings } from './settings.ts'

/** Whether a story of this title, file (relative, forward slashes) and tags was asked for. */
export function isChosen(
  story: { readonly title: string; readonly file: string; readonly tags: readonly string[] },
  settings: Pick<RunSettings, 'filters' | 'tags'>,
): boolean {
  const { filters, tags } = settings
  const text = `${story.title}\n${story.file}`.toLowerCase()
  const named = filters.length === 0 || filters.some((filter) => text.includes(filter))
  return named && (tags.length === 0 || tags.some((tag) => story.tags.includes(tag)))
}

type OnCollected = (files: RunnerTestFile[]) => unknown

export default class StoryRunner extends TestRunner {
  #report: OnCollected | undefined

  // Vitest puts a function of its own here, which tells the reporters what was collected and only then calls ours.
  // Choosing must come before that: the reporters would list what was left out.
  set onCollected(report: OnCollected) {
    this.#report = report
  }

  get onCollected(): OnCollected | undefined {
    const report = this.#report
    if (report === undefined) return undefined
    return (files) => {
      this.#choose(files)
      return report(files)
    }
  }

  #choose(files: readonly RunnerTestFile[]): void {
    const settings = this.injectValue('sallyport') as RunSettings | undefined
    if (settings === undefined) return
    for (const file of files) {
      const name = path.relative(settings.root, file.filepath).split(path.sep).join('/')
      choose(file.tasks, name, settings)
    }
  }
}

function choose(tasks: readonly RunnerTask[], file: string, settings: RunSettings): void {
  for (const task of tasks) {
    if (task.type === 'suite') choose(task.tasks, file, settings)
    else if (!isChosen({ title: task.name, file, tags: task.meta.tags ?? [] }, settings)) {
      task.mode = 'skip'
      task.meta.excluded = true
    }
  }
}
