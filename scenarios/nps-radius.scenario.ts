/** The stories of `stories/nps-radius.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { npsRadius } from './stories/nps-radius.ts'

scenarios(npsRadius)
