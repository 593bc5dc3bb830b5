/** The reference is the one resizing rule of the studio. */
export { resizeRaster as resize } from '../../../core/raster';
