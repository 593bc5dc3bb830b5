import { categoryName } from '../../../datasets/mvtec-ad';

/** Why a category cannot be the folder's name as it is; null if it can. */
export function categoryProblem(category: string): string | null {
  if (category === '') return 'Give the category a name.';
  if (category.length > 64) return 'Use at most 64 characters.';
  const name = categoryName(category);
  return name === category ? null : `Folder names are plain: try “${name}”.`;
}
