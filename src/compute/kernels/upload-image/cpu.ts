/** The reference is the one rule by which pixels become values. */
export { rgbFromImage8 as uploadImage } from '../../../core/raster';
