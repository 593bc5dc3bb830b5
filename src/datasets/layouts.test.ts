import { describe, expect, it } from 'vitest';
import { recogniseLayouts } from './layouts';

describe('recogniseLayouts', () => {
  it('reads MVTec AD with its masks', () => {
    const [plan, ...rest] = recogniseLayouts([
      'tile/train/good/000.png',
      'tile/test/good/000.png',
      'tile/test/crack/001.png',
      'tile/ground_truth/crack/001_mask.png',
      'tile/license.txt',
    ]);
    expect(rest).toEqual([]);
    expect(plan).toMatchObject({ layout: 'mvtec-ad', name: 'tile' });
    expect(plan.entries).toContainEqual({
      path: 'tile/test/crack/001.png',
      split: 'test',
      label: 'crack',
      masks: ['tile/ground_truth/crack/001_mask.png'],
    });
    expect(plan.entries).toHaveLength(3);
  });

  it('reads MVTec LOCO with several masks an image', () => {
    const [plan] = recogniseLayouts([
      'pins/defects_config.json',
      'pins/train/good/000.png',
      'pins/validation/good/000.png',
      'pins/test/logical_anomalies/004.png',
      'pins/ground_truth/logical_anomalies/004/001.png',
      'pins/ground_truth/logical_anomalies/004/000.png',
    ]);
    expect(plan.layout).toBe('mvtec-loco');
    const anomaly = plan.entries.find((entry) => entry.label === 'logical_anomalies');
    expect(anomaly?.masks.map((path) => path.slice(-7))).toEqual(['000.png', '001.png']);
    expect(plan.entries.map((entry) => entry.split).sort()).toEqual(['test', 'train', 'validation']);
  });

  it('reads MVTec AD 2', () => {
    const [plan] = recogniseLayouts([
      'can/train/good/0.png',
      'can/test_public/bad/3.png',
      'can/test_public/good/1.png',
      'can/test_public/ground_truth/bad/3_mask.png',
    ]);
    expect(plan.layout).toBe('mvtec-ad-2');
    expect(plan.entries).toHaveLength(3);
    expect(plan.entries.find((entry) => entry.label === 'bad')?.masks).toEqual([
      'can/test_public/ground_truth/bad/3_mask.png',
    ]);
  });

  it('reads VisA', () => {
    const [plan] = recogniseLayouts([
      'candle/Data/Images/Normal/0001.JPG',
      'candle/Data/Images/Anomaly/000.JPG',
      'candle/Data/Masks/Anomaly/000.png',
      'candle/image_anno.csv',
    ]);
    expect(plan).toMatchObject({ layout: 'visa', name: 'candle' });
    expect(plan.entries).toHaveLength(2);
    expect(plan.entries.find((entry) => entry.label === 'anomaly')?.masks).toHaveLength(1);
  });

  it('finds every category of a folder of categories', () => {
    const plans = recogniseLayouts(['set/a/train/good/0.png', 'set/b/train/good/0.png', 'set/b/test/good/0.png']);
    expect(plans.map((plan) => plan.name)).toEqual(['a', 'b']);
  });

  it('takes a plain folder in natural order and passes over stray files', () => {
    const [plan] = recogniseLayouts([
      'shots/10.jpg',
      'shots/2.jpg',
      'shots/.DS_Store',
      'shots/._2.jpg',
      '__MACOSX/shots/2.jpg',
      'shots/Thumbs.db',
      'shots/readme.md',
    ]);
    expect(plan).toMatchObject({ layout: 'images', name: 'shots' });
    expect(plan.entries.map((entry) => entry.path)).toEqual(['shots/2.jpg', 'shots/10.jpg']);
  });

  it('finds nothing in a folder without images', () => {
    expect(recogniseLayouts(['a/readme.md', 'a/.hidden.png'])).toEqual([]);
  });
});
