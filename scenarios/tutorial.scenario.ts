/** The stories of `stories/tutorial.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { tutorial } from './stories/tutorial.ts'

scenarios(tutorial)
