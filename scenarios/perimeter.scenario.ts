/** The stories of `stories/perimeter.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { perimeter } from './stories/perimeter.ts'

scenarios(perimeter)
