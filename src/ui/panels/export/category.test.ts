import { describe, expect, it } from 'vitest';
import { categoryName } from '../../../datasets/mvtec-ad';
import { categoryProblem } from './category';

describe('category', () => {
  it.each(['Pin tray', '  Gehäuse (Nr. 7) ', '部品', ''])('the name proposed for %j is accepted', (name) => {
    expect(categoryProblem(categoryName(name))).toBeNull();
  });

  it.each(['', '../up', 'a/b', 'a b', '.hidden', 'end.', 'Upper', 'x'.repeat(65)])(
    '%j is refused with a sentence',
    (name) => {
      expect(categoryProblem(name)).toMatch(/\.$/);
    },
  );
});
