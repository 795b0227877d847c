/** `npm run oracle -- NAME --seed N …`: runs `test/oracle/NAME/run.ts` with the options as given. */
import { createJiti } from 'jiti'

const [name = '', ...rest] = process.argv.slice(2)
const value = (option: string, otherwise: string): string => {
  const at = rest.indexOf(`--${option}`)
  return at === -1 ? otherwise : (rest[at + 1] ?? otherwise)
}
const options = {
  seed: value('seed', '1'),
  queries: Number(value('queries', '20000')),
  seconds: Number(value('seconds', '60')),
}
const module = await createJiti(import.meta.url).import<{ run(o: typeof options): Promise<void> }>(
  `./${name}/run.ts`,
)
await module.run(options)
