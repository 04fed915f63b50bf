import { z } from 'zod'

// Schemas are read a few times a run: compiling each to a function of its own costs more than it saves.
z.config({ jitless: true })

export { z }
