import { AppError } from '../errors/index.ts'
import { decodeBase64 } from './text-encoding.ts'

/**
 * A key hash as eight words that two people can read to each other, for the first 64 of its bits.
 * @throws AppError `key-invalid` when it is no key hash.
 */
export function fingerprintWords(keyHash: string): string {
  const hash = decodeBase64(keyHash, 'base64url')
  if (hash?.length !== 32) throw new AppError('key-invalid', 'that is not the hash of a key')
  return [...hash.subarray(0, 8)].map((byte) => words[byte]).join('-')
}

/** One word for each value of a byte. Their order is for ever: people compare what two versions show. */
const words = `
acid acorn actor agent album alley amber anchor angle apple apron arena armor arrow aspen
atlas attic autumn bacon badge bagel baker bamboo banjo barley basil basket beacon beaver
bench berry bicycle birch bishop bison blanket blossom bonus border bottle boulder bracket
branch brass bread breeze brick bridge bronze broom brush bubble bucket buffalo bugle bundle
butter button cabin cable cactus camel camera canal candle canoe canvas canyon captain
carbon cargo carpet carrot castle cedar cello cement census chalk cherry chess chimney cider
cinema circle citrus clarinet clay clinic clock cloud clover cobalt cobra coconut coffee
comet compass copper coral corner cotton cougar cradle crane crater crayon cricket crown
crystal cube cupboard curtain cypress dagger daisy dancer deer delta desert diamond diary
dolphin donkey dragon drawer drum duck eagle easel echo eclipse elbow elephant elm ember
engine envelope escort falcon farmer feather fender fern ferry fiddle figure filter finger
flag flame flute forest fossil fountain fox galaxy garden garlic gazelle ginger giraffe
glacier glove goblet gold gorilla granite grape guitar hammer harbor harvest hazel hedge
helmet heron hockey honey hotel hunter iceberg igloo indigo island ivory jacket jaguar
jasmine jelly jigsaw jungle juniper kayak kernel kettle kitten ladder lagoon lantern laurel
lemon leopard lily linen lizard lobster lotus lumber magnet mango maple marble meadow melon
meteor mirror monkey mosaic mountain muffin mustard napkin nectar needle nickel oasis ocean
olive onion orbit orchid otter oyster paddle palace panda paper parrot pebble pelican pencil
pepper piano pilot pine planet plum pocket pond poppy potato prism puzzle pyramid quartz
`
  .trim()
  .split(/\s+/)
