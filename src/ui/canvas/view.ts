import { Group } from 'konva/lib/Group';
import { Layer } from 'konva/lib/Layer';
import { Shape } from 'konva/lib/Shape';
import { Rect } from 'konva/lib/shapes/Rect';
import { Transformer } from 'konva/lib/shapes/Transformer';
import { Stage } from 'konva/lib/Stage';
import { augmentationAffine } from '../../core/geometry';
import type { RegionShape } from '../../core/recipe';
import { pixelThreshold } from '../detection-view';
import { proposalOf } from '../proposals';
import { isDonorPart } from '../regions';
import type { SessionState, ToolId } from '../session';
import type { CanvasCommands, Studio } from '../studio';
import type { Scene } from './compose';
import { composePane, newContext } from './compose';
import type { Pane, PaneContent } from './panes';
import { paneAt, panesOf } from './panes';
import { MarksOverlay } from './marks-overlay';
import { RegionOverlay } from './region-overlay';
import { drawCrosshair, drawPromptPoints, ForegroundOverlay, PartsOverlay } from './segment-overlay';
import { canTurn, frameOf, pick, withFrame } from './shapes';
import { ThresholdOverlay } from './threshold-overlay';
import { boxTool } from './tools/box';
import { lassoTool, polygonTool } from './tools/outline';
import { boxOf, crosshairOf, SMART_IDLE, stepSmart, type SmartEvent, type SmartState } from './tools/smart';
import { strokeTool } from './tools/stroke';
import { effectiveMode, NO_MODIFIERS, type Modifiers, type ToolEvent, type ToolMachine } from './tools/tool';
import type { Point, Size, Viewport } from './viewport';
import { fit, keepInSight, panBy, PIXELATED_FROM, toImage, toScreen, zoomAt } from './viewport';

const TINT = [61, 220, 200] as const;

const TOOLS: Partial<Record<ToolId, ToolMachine<unknown>>> = {
  rectangle: boxTool('rectangle') as ToolMachine<unknown>,
  ellipse: boxTool('ellipse') as ToolMachine<unknown>,
  lasso: lassoTool as ToolMachine<unknown>,
  polygon: polygonTool as ToolMachine<unknown>,
  brush: strokeTool('brush') as ToolMachine<unknown>,
  eraser: strokeTool('eraser') as ToolMachine<unknown>,
};

/** Handles of the frame: at the corners both sides change, at a side one does. */
const CORNERS = ['top-left', 'top-right', 'bottom-left', 'bottom-right'];
const SIDES = ['top-center', 'middle-left', 'middle-right', 'bottom-center'];

/** Panes in which parts of the photograph can be recognised. */
const SHOWS_PHOTO: ReadonlySet<PaneContent> = new Set(['all', 'wipe', 'before', 'photo']);

/** Panes in which the edges lie that were found in the photograph. */
const SHOWS_EDGES: ReadonlySet<PaneContent> = new Set([...SHOWS_PHOTO, 'edges']);

/** Panes in which the result is what is looked at. */
const SHOWS_RESULT: ReadonlySet<PaneContent> = new Set(['all', 'after', 'result']);

/** Stacks a mode needs, by pane content; the wipe pane draws two of them. */
type Stack = Exclude<PaneContent, 'wipe'>;

/** What a drag does that is no tool's business. */
type Drag =
  | { readonly kind: 'tool'; readonly pane: Pane }
  | { readonly kind: 'pan'; last: Point }
  | { readonly kind: 'move'; readonly pane: Pane; readonly index: number; from: Point; readonly key: string }
  | { readonly kind: 'donor'; readonly pane: Pane; from: Point; readonly key: string };

/**
 * The picture on screen: layers, region, tools, zoom and pan, on Konva. It listens to the stores itself and draws once
 * per frame at most, so that nothing of React happens while a person paints.
 */
export class CanvasView implements CanvasCommands {
  readonly #stage: Stage;
  readonly #pictureLayer = new Layer({ listening: false });
  readonly #overlayLayer = new Layer();
  readonly #picture: Shape;
  readonly #overlay: Shape;
  readonly #frameGroup = new Group();
  readonly #proxy = new Rect({ draggable: true, strokeEnabled: false, fill: 'transparent' });
  readonly #transformer: Transformer;
  readonly #region = new RegionOverlay(TINT);
  readonly #parts = new PartsOverlay();
  readonly #foreground = new ForegroundOverlay();
  readonly #marks = new MarksOverlay();
  readonly #thresholds = { photo: new ThresholdOverlay(), result: new ThresholdOverlay() };
  readonly #stacks = new Map<Stack, { context: CanvasRenderingContext2D; fresh: boolean }>();
  readonly #undo: (() => void)[] = [];
  readonly #pointers = new Map<number, Point>();

  #size: Size = { width: 1, height: 1 };
  #viewport: Viewport = { x: 0, y: 0, scale: 1 };
  #follows = true;
  #panes: Pane[] = [];
  #tool: ToolId = 'rectangle';
  #toolState: unknown = TOOLS.rectangle?.idle ?? null;
  #smart: SmartState = SMART_IDLE;
  #drag: Drag | null = null;
  #hover: { pane: Pane; point: Point } | null = null;
  #spaceHeld = false;
  #variant: { id: string; picture: ImageBitmap | null } | null = null;
  #ghost: { id: string; picture: HTMLImageElement | null } | null = null;
  #frame = 0;

  /**
   * @param container takes the canvas; its size is followed
   * @param divider the wipe's handle, placed by this view
   */
  constructor(
    private readonly studio: Studio,
    private readonly container: HTMLDivElement,
    private readonly divider: HTMLElement,
  ) {
    this.#stage = new Stage({ container, width: 1, height: 1 });
    this.#picture = new Shape({ sceneFunc: (context) => this.#drawPictures(context._context) });
    this.#overlay = new Shape({ listening: false, sceneFunc: (context) => this.#drawOverlay(context._context) });
    this.#transformer = new Transformer({
      nodes: [],
      ignoreStroke: true,
      anchorSize: 9,
      anchorCornerRadius: 2,
      anchorStroke: '#0b5f57',
      anchorFill: '#ffffff',
      borderStroke: '#3ddcc8',
      rotateAnchorOffset: 22,
      rotationSnaps: [0, 90, 180, 270],
      rotationSnapTolerance: 3,
      flipEnabled: false,
    });
    this.#pictureLayer.add(this.#picture);
    this.#frameGroup.add(this.#proxy);
    this.#overlayLayer.add(this.#overlay, this.#frameGroup, this.#transformer);
    this.#stage.add(this.#pictureLayer, this.#overlayLayer);
    this.#listen();
    this.#resize();
    this.#sessionChanged(studio.session.getState(), null);
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    for (const undo of this.#undo) undo();
    this.#variant?.picture?.close();
    this.#stage.destroy();
  }

  // ---------------------------------------------------------------------------------------------- commands

  fit(): void {
    const image = this.#imageSize;
    if (!image) return;
    this.#follows = true;
    this.#look(fit(image, this.#panes[0]));
  }

  zoomTo(scale: number): void {
    if (!this.#imageSize) return;
    this.#follows = false;
    const { width, height } = this.#panes[0];
    const middle = { x: width / 2, y: height / 2 };
    const at = this.#hover?.point ?? middle;
    this.#look(zoomAt(this.#viewport, at, scale / this.#viewport.scale));
  }

  zoomBy(factor: number): void {
    this.#follows = false;
    const { width, height } = this.#panes[0];
    this.#look(zoomAt(this.#viewport, { x: width / 2, y: height / 2 }, factor));
  }

  focus(): void {
    this.container.focus({ preventScroll: true });
  }

  tool(type: 'finish' | 'back' | 'cancel', modifiers = NO_MODIFIERS): boolean {
    if (this.#tool === 'smart') {
      const before = this.#smart;
      if (type !== 'back') this.#point({ type, modifiers });
      return type === 'finish' || (type === 'cancel' && before.phase !== 'idle' && before.phase !== 'resting');
    }
    const drawing = this.#drawing();
    if (drawing) this.#step({ type });
    return drawing;
  }

  arrow(dx: number, dy: number): boolean {
    if (this.#tool !== 'smart') return false;
    this.#point({ type: 'arrow', dx, dy });
    return true;
  }

  // ---------------------------------------------------------------------------------------------- stores

  get #imageSize(): Size | null {
    const { opened } = this.studio.session.getState();
    return opened && { width: opened.width, height: opened.height };
  }

  #sessionChanged(state: SessionState, before: SessionState | null): void {
    const changed = (...keys: (keyof SessionState)[]) => !before || keys.some((key) => state[key] !== before[key]);
    if (changed('tool')) this.#takeUp(state.tool);
    if (changed('opened')) {
      const old = before?.opened;
      const image = state.opened;
      if (image && this.#panes[0] && (this.#follows || old?.width !== image.width || old.height !== image.height)) {
        this.#follows = true;
        this.#look(fit(image, this.#panes[0]));
      }
      this.#cancelDrawing();
    }
    if (changed('viewMode')) this.#arrange();
    if (changed('compareId')) this.#loadVariant(state.compareId);
    if (changed('opened', 'shown', 'layers', 'viewMode', 'compareId', 'detection')) this.#stale();
    if (changed('opened', 'imageId')) {
      this.#draftChanged();
      this.#marksChanged();
    }
    if (changed('opened', 'parts')) this.#partsChanged(state);
    if (changed('smart', 'parts', 'product', 'selectedShape')) this.#overlayLayer.batchDraw();
    if (changed('selectedShape', 'tool', 'viewMode', 'opened')) this.#attachFrame();
    if (
      changed(
        'opened',
        'shown',
        'layers',
        'viewMode',
        'wipe',
        'peeking',
        'compareId',
        'detection',
        'brush',
        'regionMode',
      )
    ) {
      this.#draw();
    }
  }

  #partsChanged({ parts, opened }: SessionState): void {
    if (opened && parts?.imageId === opened.imageId) this.#parts.show(parts.parts, parts.colours, opened);
    else if (opened) this.#parts.show([], new Map(), opened);
  }

  #marksChanged(): void {
    this.#marks.show(this.studio.edges.current?.marks ?? null);
    this.#overlayLayer.batchDraw();
  }

  /** The region on screen follows the draft. */
  #draftChanged(): void {
    const image = this.#imageSize;
    const draft = this.studio.draft;
    if (!image || !draft) return;
    if (!this.#region.drawing) this.#region.show(draft.shapes, image.width, image.height, draft.feather, draft.grow);
    this.#loadGhost();
    this.#attachFrame();
    this.#draw();
  }

  /** The stacks have to be composed anew, before the pictures they were made of are closed. */
  #stale(): void {
    for (const stack of this.#stacks.values()) stack.fresh = false;
    const scene = this.#scene();
    if (!scene) return;
    const { layers, viewMode } = this.studio.session.getState();
    const needed = new Set<Stack>(['before']);
    for (const { content } of panesOf(viewMode, this.#size)) {
      if (content === 'wipe') needed.add('after');
      else needed.add(content);
    }
    for (const content of needed) {
      let stack = this.#stacks.get(content);
      if (!stack) this.#stacks.set(content, (stack = { context: newContext(), fresh: false }));
      const { canvas } = stack.context;
      if (canvas.width !== scene.size.width) canvas.width = scene.size.width;
      if (canvas.height !== scene.size.height) canvas.height = scene.size.height;
      composePane(stack.context, scene, layers, content);
      stack.fresh = true;
    }
  }

  #scene(): Scene | null {
    const { opened, shown, compareId, detection } = this.studio.session.getState();
    if (!opened) return null;
    const preview = shown?.preview;
    return {
      size: opened,
      photo: opened.photo,
      edges: opened.edges,
      editedEdges: preview?.editedEdges ?? null,
      result: preview?.result ?? null,
      mask: preview?.mask ?? null,
      heat: { photo: detection.photo?.found.heat ?? null, result: detection.result?.found.heat ?? null },
      reconstruction: {
        photo: detection.photo?.found.explanation ?? null,
        result: detection.result?.found.explanation ?? null,
      },
      variant: compareId !== null && this.#variant?.id === compareId ? this.#variant.picture : null,
    };
  }

  #loadVariant(id: string | null): void {
    if (this.#variant?.id === id) return;
    this.#variant?.picture?.close();
    this.#variant = id === null ? null : { id, picture: null };
    const variant = id === null ? undefined : this.studio.document.variants[id];
    if (!variant) return;
    this.studio.pictures.bitmapOf(variant.image).then(
      (picture) => {
        if (this.#variant?.id !== id) return picture.close();
        this.#variant = { id: variant.id, picture };
        this.#stale();
        this.#draw();
      },
      // The gallery shows the same picture and says that it is gone.
      () => undefined,
    );
  }

  /** The donor's photograph, seen through while it or its part is being moved. */
  #loadGhost(): void {
    const draft = this.studio.draft;
    const moves = this.#tool === 'donor' || draft?.shapes.some(isDonorPart);
    const donor = moves && draft ? this.studio.donorOf(draft) : null;
    if (this.#ghost?.id === donor?.id) return;
    this.#ghost = donor && { id: donor.id, picture: null };
    if (!donor) return;
    this.studio.pictures.urlOf(donor.source).then(
      (url) => {
        const picture = new Image();
        picture.onload = () => {
          if (this.#ghost?.id !== donor.id) return;
          this.#ghost = { id: donor.id, picture };
          this.#draw();
        };
        picture.src = url;
      },
      () => undefined,
    );
  }

  // ---------------------------------------------------------------------------------------------- drawing

  #draw(): void {
    this.#pictureLayer.batchDraw();
    this.#overlayLayer.batchDraw();
    this.#placeDivider();
  }

  #drawPictures(context: CanvasRenderingContext2D): void {
    const image = this.#imageSize;
    if (!image) return;
    const { wipe, peeking } = this.studio.session.getState();
    for (const pane of this.#panes) {
      context.save();
      this.#intoPane(context, pane);
      context.imageSmoothingEnabled = this.#viewport.scale < PIXELATED_FROM;
      context.imageSmoothingQuality = 'high';
      const draw = (content: Stack) => {
        const stack = this.#stacks.get(content);
        if (stack?.fresh) context.drawImage(stack.context.canvas, 0, 0);
      };
      if (peeking) draw('before');
      else if (pane.content === 'wipe') {
        draw('before');
        context.beginPath();
        context.rect(wipe * image.width, 0, (1 - wipe) * image.width, image.height);
        context.clip();
        draw('after');
      } else draw(pane.content);
      context.restore();
    }
  }

  #drawOverlay(context: CanvasRenderingContext2D): void {
    const image = this.#imageSize;
    if (!image) return;
    const { layers, peeking, product } = this.studio.session.getState();
    const growing = this.#growing();
    for (const pane of this.#panes) {
      context.save();
      this.#intoPane(context, pane);
      context.save();
      context.beginPath();
      context.rect(0, 0, image.width, image.height);
      context.clip();
      if (this.#placing()) this.#drawGhost(context, image);
      if (product.mask && layers.foreground.visible && !peeking && SHOWS_PHOTO.has(pane.content)) {
        this.#foreground.draw(context, product.mask, layers.foreground.opacity, 1 / this.#viewport.scale);
      }
      const edges = pane.content === 'edges' || layers.edges.visible;
      if (edges && !peeking && SHOWS_EDGES.has(pane.content)) this.#marks.draw(context);
      if (layers.heat.visible) this.#drawThreshold(context, pane, image);
      if (layers.parts.visible && !peeking && SHOWS_PHOTO.has(pane.content)) {
        this.#parts.draw(context, image, layers.parts.opacity);
      }
      if (layers.region.visible && !peeking && !this.#region.empty) {
        context.imageSmoothingEnabled = this.#viewport.scale < PIXELATED_FROM;
        // While painting the stroke must be seen, however faint the layer is set.
        context.globalAlpha = this.#region.drawing ? Math.max(0.35, layers.region.opacity) : layers.region.opacity;
        context.drawImage(this.#region.picture, 0, 0);
        context.globalAlpha = 1;
      }
      context.restore();
      if (layers.region.visible && !peeking && !this.#region.empty && !this.#region.drawing) {
        this.#dashed(context, this.#region.outline);
      }
      this.#drawPointed(context, image);
      if (growing && growing.kind !== 'brush') this.#dashed(context, outlineOf(growing));
      if (growing?.kind === 'polygon' && this.#tool === 'polygon') this.#drawCorners(context, growing.points);
      context.restore();
    }
    this.#drawCursor(context);
  }

  /** The line about what the detector finds, wherever its heat map is drawn (see `composePane`). */
  #drawThreshold(context: CanvasRenderingContext2D, { content }: Pane, image: Size): void {
    const { detection, shown, compareId, wipe, peeking } = this.studio.session.getState();
    const draw = (which: 'photo' | 'result', from = 0, to = 1) => {
      const heat = detection[which];
      if (!heat) return;
      context.save();
      context.beginPath();
      context.rect(from * image.width, 0, (to - from) * image.width, image.height);
      context.clip();
      const threshold = pixelThreshold(detection, heat.found);
      this.#thresholds[which].draw(context, heat.found.map, threshold, 1 / this.#viewport.scale);
      context.restore();
    };
    // Of a kept variant in the photograph's place there is no heat map.
    const before = (to?: number) => compareId === null && draw('photo', 0, to);
    const after = shown ? 'result' : 'photo';
    if (peeking || content === 'before') before();
    else if (content === 'photo') draw('photo');
    else if (content === 'wipe') {
      before(wipe);
      draw(after, wipe);
    } else if (SHOWS_RESULT.has(content)) draw(after);
  }

  /** What is lit, and what the network was or will be asked. */
  #drawPointed(context: CanvasRenderingContext2D, image: Size): void {
    const { smart, parts, layers, peeking } = this.studio.session.getState();
    if (peeking) return;
    const pixel = 1 / this.#viewport.scale;
    if (parts && parts.lit !== null && layers.parts.visible) this.#parts.drawLit(context, parts.lit, pixel);
    if (smart.hovered && this.#tool === 'smart') {
      const proposal = proposalOf(smart.hovered.proposals, smart.hovered.prompt, smart.detail);
      if (proposal) this.#parts.drawProposal(context, proposal.mask, pixel);
    }
    const picked = this.studio.segmenting.refinable;
    if (picked && layers.region.visible) drawPromptPoints(context, picked.shape.prompt.points, pixel);
    if (this.#tool !== 'smart') return;
    const box = boxOf(this.#smart, image);
    if (box) {
      const path = new Path2D();
      path.rect(box.x, box.y, box.width, box.height);
      this.#dashed(context, path);
    }
    const crosshair = crosshairOf(this.#smart);
    if (crosshair) drawCrosshair(context, crosshair, pixel);
  }

  /** Into image coordinates of a pane, clipped to it. */
  #intoPane(context: CanvasRenderingContext2D, pane: Pane): void {
    context.beginPath();
    context.rect(pane.x, pane.y, pane.width, pane.height);
    context.clip();
    context.translate(pane.x + this.#viewport.x, pane.y + this.#viewport.y);
    context.scale(this.#viewport.scale, this.#viewport.scale);
  }

  /** White dashes on a dark line: seen on any picture. */
  #dashed(context: CanvasRenderingContext2D, path: Path2D): void {
    const pixel = 1 / this.#viewport.scale;
    context.lineJoin = 'round';
    context.setLineDash([]);
    context.lineWidth = 1.6 * pixel;
    context.strokeStyle = 'rgba(8, 20, 22, .85)';
    context.stroke(path);
    context.setLineDash([5 * pixel, 4 * pixel]);
    context.lineWidth = 1.2 * pixel;
    context.strokeStyle = '#ffffff';
    context.stroke(path);
    context.setLineDash([]);
  }

  #drawCorners(context: CanvasRenderingContext2D, points: readonly number[]): void {
    const pixel = 1 / this.#viewport.scale;
    for (let i = 0; i + 2 < points.length; i += 2) {
      context.beginPath();
      context.arc(points[i], points[i + 1], (i === 0 ? 4.5 : 3) * pixel, 0, 2 * Math.PI);
      context.fillStyle = i === 0 ? '#3ddcc8' : '#ffffff';
      context.strokeStyle = '#08201f';
      context.lineWidth = pixel;
      context.fill();
      context.stroke();
    }
  }

  #drawGhost(context: CanvasRenderingContext2D, image: Size): void {
    const draft = this.studio.draft;
    const picture = this.#ghost?.picture;
    if (!draft || !picture) return;
    const donor = { width: picture.naturalWidth, height: picture.naturalHeight };
    const [a, b, c, d, e, f] = augmentationAffine(draft.augmentation, donor, image);
    const part = draft.shapes.some(isDonorPart);
    context.save();
    if (part) context.clip(this.#region.outline, 'evenodd');
    context.globalAlpha = part ? 0.8 : 0.5;
    context.transform(a, d, b, e, c, f);
    context.drawImage(picture, 0, 0);
    context.restore();
  }

  /** Whether the donor is being laid over the picture right now: all of it, or its part that is picked. */
  #placing(): boolean {
    if (this.#drag?.kind === 'donor') return true;
    const { selectedShape } = this.studio.session.getState();
    const shape = selectedShape === null ? undefined : this.studio.draft?.shapes[selectedShape];
    if (!shape || !isDonorPart(shape)) return false;
    return this.#drag?.kind === 'move' || this.#transformer.isTransforming();
  }

  #drawCursor(context: CanvasRenderingContext2D): void {
    const hover = this.#hover;
    if (!hover || !this.#imageSize || this.#pans() || (this.#tool !== 'brush' && this.#tool !== 'eraser')) return;
    const { radius, softness } = this.studio.session.getState().brush;
    const x = hover.pane.x + hover.point.x;
    const y = hover.pane.y + hover.point.y;
    const circle = (r: number, width: number, style: string) => {
      context.beginPath();
      context.arc(x, y, Math.max(1, r), 0, 2 * Math.PI);
      context.lineWidth = width;
      context.strokeStyle = style;
      context.stroke();
    };
    const r = radius * this.#viewport.scale;
    circle(r, 2.4, 'rgba(8, 20, 22, .7)');
    circle(r, 1.2, '#ffffff');
    if (softness > 0.05) circle(r * (1 - softness), 1, 'rgba(255, 255, 255, .55)');
  }

  #placeDivider(): void {
    const image = this.#imageSize;
    const { viewMode, wipe } = this.studio.session.getState();
    const pane = this.#panes[0];
    this.divider.hidden = viewMode !== 'wipe' || !image;
    if (!image || viewMode !== 'wipe' || !pane) return;
    const top = toScreen(this.#viewport, { x: wipe * image.width, y: 0 });
    const upper = Math.max(0, top.y);
    const lower = Math.min(pane.height, top.y + image.height * this.#viewport.scale);
    this.divider.style.transform = `translate(${top.x}px, ${upper}px)`;
    this.divider.style.height = `${Math.max(0, lower - upper)}px`;
    this.divider.dataset.out = String(top.x < 0 || top.x > pane.width);
  }

  // ---------------------------------------------------------------------------------------------- view

  #look(viewport: Viewport): void {
    const image = this.#imageSize;
    this.#viewport = image ? keepInSight(viewport, image, this.#panes[0]) : viewport;
    if (this.studio.session.getState().zoom !== this.#viewport.scale) {
      this.studio.session.setState({ zoom: this.#viewport.scale });
    }
    this.#placeFrame();
    this.#draw();
  }

  #resize(): void {
    const { clientWidth, clientHeight } = this.container;
    if (clientWidth === 0 || clientHeight === 0) return;
    const old = this.#size;
    this.#size = { width: clientWidth, height: clientHeight };
    this.#stage.size(this.#size);
    this.#arrange(old);
  }

  #arrange(old?: Size): void {
    const before = this.#panes[0];
    this.#panes = panesOf(this.studio.session.getState().viewMode, this.#size);
    const pane = this.#panes[0];
    const image = this.#imageSize;
    if (!image) return;
    if (this.#follows) this.#look(fit(image, pane));
    else if (before && (old || before.width !== pane.width || before.height !== pane.height)) {
      // What was in the middle stays in the middle.
      this.#look(panBy(this.#viewport, (pane.width - before.width) / 2, (pane.height - before.height) / 2));
    }
  }

  // ---------------------------------------------------------------------------------------------- the picked shape

  #attachFrame(): void {
    const { selectedShape, tool, opened } = this.studio.session.getState();
    const shape = selectedShape === null ? undefined : this.studio.draft?.shapes[selectedShape];
    const frame = tool === 'select' && opened && shape && !shape.locked ? frameOf(shape, opened) : null;
    if (!frame || !shape) {
      if (this.#transformer.nodes().length > 0) this.#transformer.nodes([]);
      this.#proxy.visible(false);
      this.#overlayLayer.batchDraw();
      return;
    }
    this.#proxy.visible(true);
    this.#proxy.setAttrs({
      x: frame.x + frame.width / 2,
      y: frame.y + frame.height / 2,
      offsetX: frame.width / 2,
      offsetY: frame.height / 2,
      width: frame.width,
      height: frame.height,
      scaleX: 1,
      scaleY: 1,
      rotation: (frame.rotation * 180) / Math.PI,
    });
    this.#transformer.rotateEnabled(canTurn(shape));
    const keepRatio = shape.kind === 'brush' || shape.kind === 'mask';
    this.#transformer.keepRatio(keepRatio);
    this.#transformer.enabledAnchors(keepRatio ? CORNERS : [...CORNERS, ...SIDES]);
    this.#transformer.nodes([this.#proxy]);
    this.#placeFrame();
  }

  #placeFrame(): void {
    // With several panes the handles are on the one that shows the outcome.
    const pane = this.#panes.find(({ content }) => content === 'after' || content === 'result') ?? this.#panes[0];
    if (!pane) return;
    this.#frameGroup.setAttrs({
      x: pane.x + this.#viewport.x,
      y: pane.y + this.#viewport.y,
      scaleX: this.#viewport.scale,
      scaleY: this.#viewport.scale,
    });
    this.#transformer.forceUpdate();
    this.#overlayLayer.batchDraw();
  }

  /** The handles were dragged: the shape takes their frame. */
  #frameChanged(label: string): void {
    const { selectedShape } = this.studio.session.getState();
    const shape = selectedShape === null ? undefined : this.studio.draft?.shapes[selectedShape];
    if (selectedShape === null || !shape) return;
    const width = Math.max(1, this.#proxy.width() * this.#proxy.scaleX());
    const height = Math.max(1, this.#proxy.height() * this.#proxy.scaleY());
    const frame = {
      x: this.#proxy.x() - width / 2,
      y: this.#proxy.y() - height / 2,
      width,
      height,
      rotation: (this.#proxy.rotation() * Math.PI) / 180,
    };
    this.studio.replaceShape(selectedShape, withFrame(shape, frame, this.#imageSize ?? undefined), label, 'frame');
  }

  // ---------------------------------------------------------------------------------------------- tools

  #takeUp(tool: ToolId): void {
    this.#cancelDrawing();
    this.#tool = tool;
    this.#smart = SMART_IDLE;
    this.#toolState = TOOLS[tool]?.idle ?? null;
    this.#loadGhost();
    this.#cursor();
    this.#draw();
  }

  #drawing(): boolean {
    return this.#growing() !== null;
  }

  #growing(): RegionShape | null {
    return TOOLS[this.#tool]?.growing(this.#toolState)?.shape ?? null;
  }

  #cancelDrawing(): void {
    if (this.#drawing()) this.#step({ type: 'cancel' });
    if (this.#smart.phase !== 'idle') this.#point({ type: 'cancel' });
    this.#drag = null;
  }

  /** An event for smart select; what it asks is answered later, through the session. */
  #point(event: SmartEvent): void {
    const image = this.#imageSize;
    if (!image) return;
    const { segmenting, session } = this.studio;
    const { state, ask } = stepSmart(this.#smart, event, {
      mode: session.getState().regionMode,
      image,
      pixel: 1 / this.#viewport.scale,
      refinable: segmenting.refinable !== null,
    });
    this.#smart = state;
    switch (ask?.kind) {
      case 'hover':
        segmenting.hover(ask.prompt);
        break;
      case 'drop':
        segmenting.drop();
        break;
      case 'take':
        void segmenting.take(ask.prompt, ask.mode);
        break;
      case 'refine':
        void segmenting.refine(ask.point);
        break;
      case undefined:
        break;
    }
    this.#overlayLayer.batchDraw();
  }

  #step(event: ToolEvent): void {
    const tool = TOOLS[this.#tool];
    const image = this.#imageSize;
    const draft = this.studio.draft;
    if (!tool || !image || !draft) return;
    const { regionMode, brush } = this.studio.session.getState();
    const { state, commit } = tool.step(this.#toolState, event, {
      mode: regionMode,
      brush,
      pixel: 1 / this.#viewport.scale,
    });
    this.#toolState = state;
    const growing = tool.growing(state);
    if (growing?.shape.kind === 'brush') this.#region.extend(growing.shape);
    if (commit) {
      if (commit.shape.kind === 'brush') {
        this.#region.extend(commit.shape);
        this.#region.settle(commit.shape);
      }
      this.studio.addShape(commit);
    } else if (growing) {
      this.studio.previewGrowing(growing);
    } else if (event.type === 'cancel' || event.type === 'back') {
      if (this.#region.drawing) this.#region.show(draft.shapes, image.width, image.height, draft.feather, draft.grow);
      this.studio.previewDraft();
    }
    this.#overlayLayer.batchDraw();
  }

  // ---------------------------------------------------------------------------------------------- pointer and keys

  #listen(): void {
    const { session, project } = this.studio;
    const on = <K extends keyof WindowEventMap>(type: K, listener: (event: WindowEventMap[K]) => void) => {
      window.addEventListener(type, listener);
      this.#undo.push(() => window.removeEventListener(type, listener));
    };
    this.#undo.push(session.subscribe((state, before) => this.#sessionChanged(state, before)));
    this.#undo.push(
      project.subscribe((state, before) => {
        if (state.document.drafts !== before.document.drafts) this.#draftChanged();
        if (state.document.corrections !== before.document.corrections) this.#marksChanged();
      }),
    );
    const observer = new ResizeObserver(() => this.#resize());
    observer.observe(this.container);
    this.#undo.push(() => observer.disconnect());

    this.#stage.on('pointerdown', ({ evt, target }) => {
      this.focus();
      this.#pointers.set(evt.pointerId, this.#local(evt));
      // Konva moves the handles and the frame itself, unless the drag is meant to pan.
      const isHandle = target.getLayer() === this.#overlayLayer && target !== this.#proxy;
      if (isHandle && evt.button === 0 && !this.#pans()) return;
      this.#down(evt);
    });
    on('pointermove', (event) => this.#move(event));
    on('pointerup', (event) => this.#up(event));
    on('pointercancel', (event) => {
      this.#pointers.delete(event.pointerId);
      this.#cancelDrawing();
    });
    this.container.addEventListener('pointerleave', () => {
      this.#hover = null;
      if (this.#tool === 'smart') this.#point({ type: 'leave' });
      this.#overlayLayer.batchDraw();
    });
    this.container.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    this.container.addEventListener('dblclick', () => {
      if (this.#drawing()) this.#step({ type: 'finish' });
    });
    this.container.addEventListener('contextmenu', (event) => event.preventDefault());
    on('keydown', (event) => {
      if (event.key !== ' ' || isControl(event.target)) return;
      event.preventDefault();
      if (!event.repeat) this.#holdSpace(true);
    });
    on('keyup', (event) => {
      if (event.key === ' ') this.#holdSpace(false);
    });
    on('blur', () => this.#holdSpace(false));

    this.#proxy.draggable(false);
    this.#transformer.on('transform', () => this.#frameChanged('Resize shape'));
    this.#transformer.on('transformend', () => {
      project.getState().settle();
      this.#draw();
    });
  }

  #holdSpace(held: boolean): void {
    this.#spaceHeld = held;
    this.#cursor();
    this.#overlayLayer.batchDraw();
  }

  #pans(): boolean {
    return this.#spaceHeld || this.#tool === 'pan' || this.#drag?.kind === 'pan';
  }

  #cursor(): void {
    const style = this.container.style;
    if (this.#drag?.kind === 'pan') style.cursor = 'grabbing';
    else if (this.#pans()) style.cursor = 'grab';
    else if (this.#tool === 'brush' || this.#tool === 'eraser') style.cursor = 'none';
    else if (this.#tool === 'select') style.cursor = 'default';
    else if (this.#tool === 'donor') style.cursor = 'move';
    else style.cursor = 'crosshair';
  }

  #local(event: { clientX: number; clientY: number }): Point {
    const box = this.container.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #inPane(pane: Pane, point: Point): Point {
    return { x: point.x - pane.x, y: point.y - pane.y };
  }

  #imagePoint(pane: Pane, point: Point): Point {
    return toImage(this.#viewport, this.#inPane(pane, point));
  }

  #down(event: PointerEvent): void {
    if (!this.#imageSize) return;
    const point = this.#local(event);
    if (this.#pointers.size > 1) {
      // The second finger: what the first began was no stroke.
      this.#cancelDrawing();
      return;
    }
    if (event.button === 1 || (event.button === 0 && this.#pans())) {
      event.preventDefault();
      this.#drag = { kind: 'pan', last: point };
      this.#cursor();
      return;
    }
    if (event.button !== 0) return;
    const pane = paneAt(this.#panes, point);
    const at = this.#imagePoint(pane, point);
    if (this.#tool === 'select') {
      const shapes = this.studio.draft?.shapes ?? [];
      const index = pick(shapes, at, 4 / this.#viewport.scale, this.#imageSize ?? undefined);
      this.studio.selectShape(index);
      if (index !== null) this.#drag = { kind: 'move', pane, index, from: at, key: crypto.randomUUID() };
    } else if (this.#tool === 'donor') {
      if (this.studio.draft?.operation === 'remove') return;
      this.#drag = { kind: 'donor', pane, from: at, key: crypto.randomUUID() };
    } else if (this.#tool === 'wand') {
      void this.studio.wand.touch(at, effectiveMode(this.studio.session.getState().regionMode, modifiersOf(event)));
    } else if (this.#tool === 'smart') {
      this.#drag = { kind: 'tool', pane };
      this.#point({ type: 'down', point: at, modifiers: modifiersOf(event) });
    } else {
      this.#drag = { kind: 'tool', pane };
      this.#step({ type: 'down', point: at, modifiers: modifiersOf(event) });
    }
  }

  #move(event: PointerEvent): void {
    const point = this.#local(event);
    if (this.#pointers.has(event.pointerId)) {
      if (this.#pointers.size === 2) return this.#pinch(event.pointerId, point);
      this.#pointers.set(event.pointerId, point);
    }
    const drag = this.#drag;
    const inside = event.target instanceof Node && this.container.contains(event.target);
    if (inside || drag) {
      const pane = drag && 'pane' in drag ? drag.pane : paneAt(this.#panes, point);
      this.#hover = { pane, point: this.#inPane(pane, point) };
      if (this.#tool === 'brush' || this.#tool === 'eraser') this.#overlayLayer.batchDraw();
    }
    switch (drag?.kind) {
      case 'pan':
        this.#follows = false;
        this.#look(panBy(this.#viewport, point.x - drag.last.x, point.y - drag.last.y));
        drag.last = point;
        return;
      case 'move': {
        const at = this.#imagePoint(drag.pane, point);
        const shape = this.studio.draft?.shapes[drag.index];
        const size = this.#imageSize ?? undefined;
        const frame = shape && frameOf(shape, size);
        if (!shape || !frame) return;
        const next = { ...frame, x: frame.x + at.x - drag.from.x, y: frame.y + at.y - drag.from.y };
        this.studio.replaceShape(drag.index, withFrame(shape, next, size), 'Move shape', drag.key);
        drag.from = at;
        return;
      }
      case 'donor': {
        const at = this.#imagePoint(drag.pane, point);
        const image = this.#imageSize;
        if (!image) return;
        this.studio.edit(
          'Move donor',
          ({ augmentation }) => {
            augmentation.translateX += (at.x - drag.from.x) / image.width;
            augmentation.translateY += (at.y - drag.from.y) / image.height;
          },
          drag.key,
        );
        drag.from = at;
        return;
      }
      case 'tool':
      case undefined: {
        const pane = drag?.pane ?? paneAt(this.#panes, point);
        const modifiers = modifiersOf(event);
        if (this.#tool === 'smart') {
          const points = drag || (inside && !this.#pans());
          if (points) this.#point({ type: 'move', point: this.#imagePoint(pane, point), modifiers });
          return;
        }
        if (!drag && !this.#drawing()) return;
        // A fast hand makes several samples per frame; the brush takes them all.
        const samples = drag && event.getCoalescedEvents ? event.getCoalescedEvents() : [];
        for (const sample of samples.length > 0 ? samples : [event]) {
          this.#step({ type: 'move', point: this.#imagePoint(pane, this.#local(sample)), modifiers });
        }
      }
    }
  }

  #up(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
    const drag = this.#drag;
    this.#drag = null;
    if (!drag) return;
    switch (drag.kind) {
      case 'tool': {
        const point = this.#imagePoint(drag.pane, this.#local(event));
        const up = { type: 'up', point, modifiers: modifiersOf(event) } as const;
        if (this.#tool === 'smart') this.#point(up);
        else this.#step(up);
        break;
      }
      case 'donor':
      case 'move':
        this.studio.project.getState().settle();
        break;
      case 'pan':
        break;
    }
    this.#cursor();
    this.#draw();
  }

  #pinch(id: number, point: Point): void {
    const others = [...this.#pointers].filter(([other]) => other !== id);
    const old = this.#pointers.get(id);
    const [, still] = others[0];
    if (!old) return;
    const pane = paneAt(this.#panes, still);
    const before = { x: (old.x + still.x) / 2, y: (old.y + still.y) / 2 };
    const after = { x: (point.x + still.x) / 2, y: (point.y + still.y) / 2 };
    const spread = Math.hypot(old.x - still.x, old.y - still.y);
    const factor = spread > 1 ? Math.hypot(point.x - still.x, point.y - still.y) / spread : 1;
    this.#pointers.set(id, point);
    this.#follows = false;
    this.#look(
      panBy(zoomAt(this.#viewport, this.#inPane(pane, before), factor), after.x - before.x, after.y - before.y),
    );
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    if (!this.#imageSize) return;
    // Lines (mouse in Firefox) to pixels.
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const amount = (event.deltaY || event.deltaX) * unit;
    if (event.altKey) {
      const { brush, tool } = this.studio.session.getState();
      if (tool === 'wand') {
        this.studio.wand.widen(-Math.sign(amount));
        return;
      }
      if (event.shiftKey) {
        this.studio.setBrush({ softness: Math.min(1, Math.max(0, brush.softness - amount * 0.0005)) });
        return;
      }
      const { radius } = brush;
      this.studio.setBrush({ radius: Math.min(256, Math.max(0.5, radius * Math.exp(-amount * 0.0015))) });
      return;
    }
    this.#follows = false;
    if (event.shiftKey) {
      this.#look(panBy(this.#viewport, -(event.deltaX || event.deltaY) * unit, 0));
      return;
    }
    const point = this.#local(event);
    const pane = paneAt(this.#panes, point);
    // Pinching on a touchpad arrives as Ctrl + wheel with small steps.
    const speed = event.ctrlKey ? 0.01 : 0.0018;
    this.#look(zoomAt(this.#viewport, this.#inPane(pane, point), Math.exp(-amount * speed)));
  }
}

function outlineOf(shape: RegionShape): Path2D {
  const path = new Path2D();
  switch (shape.kind) {
    case 'rectangle':
      path.rect(shape.x, shape.y, shape.width, shape.height);
      break;
    case 'ellipse':
      path.ellipse(shape.cx, shape.cy, shape.rx, shape.ry, shape.rotation, 0, 2 * Math.PI);
      break;
    case 'polygon':
      path.moveTo(shape.points[0], shape.points[1]);
      for (let i = 2; i < shape.points.length; i += 2) path.lineTo(shape.points[i], shape.points[i + 1]);
      path.closePath();
      break;
    case 'brush':
    case 'blob':
    case 'mask':
      break;
  }
  return path;
}

function modifiersOf(event: MouseEvent): Modifiers {
  return { shift: event.shiftKey, alt: event.altKey, mod: event.ctrlKey || event.metaKey };
}

/** Whether a key press belongs to a control of the page rather than to the canvas. */
function isControl(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('button, input, textarea, select, a, [role="slider"], [role="dialog"]') !== null
  );
}
