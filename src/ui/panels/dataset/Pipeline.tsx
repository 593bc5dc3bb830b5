import classes from './welcome.module.css';

/** A tray of parts, drawn: the photograph, its edges, the edges without one part, and the picture that follows. */
export function Pipeline() {
  return (
    <svg
      className={classes.pipeline}
      viewBox="0 0 640 148"
      role="img"
      aria-label="Photograph, edges, edited edges, result"
    >
      <Tile x={0} caption="Photograph">
        <Tray photo />
      </Tile>
      <Arrow x={143} />
      <Tile x={168} caption="Edges">
        <Tray />
      </Tile>
      <Arrow x={311} />
      <Tile x={336} caption="Edited edges">
        <Tray without />
        <rect x="62" y="62" width="50" height="50" rx="6" className={classes.lasso} />
      </Tile>
      <Arrow x={479} />
      <Tile x={504} caption="Result and mask">
        <Tray photo without />
        <circle cx="87" cy="87" r="17" className={classes.changed} />
      </Tile>
    </svg>
  );
}

function Tile({ x, caption, children }: { x: number; caption: string; children: React.ReactNode }) {
  return (
    <g transform={`translate(${x} 0)`}>
      <rect x="0.5" y="0.5" width="127" height="119" rx="9" className={classes.tile} />
      <g transform="translate(4 0)">{children}</g>
      <text x="64" y="140" textAnchor="middle" className={classes.caption}>
        {caption}
      </text>
    </g>
  );
}

function Tray({ photo = false, without = false }: { photo?: boolean; without?: boolean }) {
  const places = [
    [33, 33],
    [87, 33],
    [33, 87],
    [87, 87],
  ] as const;
  return (
    <g className={photo ? classes.photo : classes.edges}>
      {places.map(([cx, cy], i) => (
        <g key={i}>
          <rect x={cx - 22} y={cy - 22} width="44" height="44" rx="5" className={classes.well} />
          {!(without && i === 3) && (
            <g className={classes.part}>
              <path d={hexagon(cx, cy, 15)} />
              <circle cx={cx} cy={cy} r="7" className={classes.bore} />
            </g>
          )}
        </g>
      ))}
    </g>
  );
}

function hexagon(cx: number, cy: number, radius: number): string {
  const corners = Array.from({ length: 6 }, (_, i) => {
    const angle = (i * Math.PI) / 3 + 0.3;
    return `${(cx + radius * Math.cos(angle)).toFixed(1)} ${(cy + radius * Math.sin(angle)).toFixed(1)}`;
  });
  return `M${corners.join('L')}Z`;
}

function Arrow({ x }: { x: number }) {
  return <path d={`M${x - 9} 60h16m-5-5 5 5-5 5`} className={classes.arrow} />;
}
