import { linkPlaces, type LinkPlaces } from '../../core/messages/form/places.ts';
import { parseJson } from '../../core/words/parse-json.ts';

/**
 * What messages of this installation link to (`HEADROOM_LINKS`). Nothing where that cannot be read: a message without
 * links says enough, and one that does not go out says nothing.
 */
export function placesFromEnvironment(environment = process.env): LinkPlaces {
  const places = linkPlaces.safeParse(parseJson(environment['HEADROOM_LINKS'] ?? ''));
  return places.success ? places.data : {};
}
