import { createContext, useContext } from 'react';
import type { EvaluatedPictures } from '../../evaluated-pictures';

export const PicturesContext = createContext<EvaluatedPictures | null>(null);

/** What is kept with evaluations to be looked at. */
export function usePictures(): EvaluatedPictures {
  const pictures = useContext(PicturesContext);
  if (!pictures) throw new Error('Pictures of evaluations are shown on their page.');
  return pictures;
}
