import { NumberInput, Slider } from '@mantine/core';
import { useId } from 'react';
import classes from './parts.module.css';

interface Props {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly unit?: string;
  /** Where the bar starts, for values with a natural middle. */
  readonly origin?: number;
  /** Equal ways on the slider are equal factors. */
  readonly logarithmic?: boolean;
  readonly disabled?: boolean;
  onChange(value: number): void;
  onDone?(): void;
}

/** A slider with its number beside it, both editable. */
export function SliderRow({
  label,
  value,
  min,
  max,
  step,
  unit,
  origin,
  logarithmic,
  disabled,
  onChange,
  onDone,
}: Props) {
  const id = useId();
  const decimals = Math.max(0, Math.ceil(-Math.log10(step)));
  const place = (v: number) => (logarithmic ? Math.log(v / min) / Math.log(max / min) : v);
  const valueAt = (p: number) => (logarithmic ? Number((min * (max / min) ** p).toFixed(decimals)) : p);
  return (
    <div className={classes.row}>
      <label className={classes.rowLabel} htmlFor={id}>
        {label}
      </label>
      <Slider
        value={place(Math.min(max, Math.max(min, value)))}
        min={logarithmic ? 0 : min}
        max={logarithmic ? 1 : max}
        step={logarithmic ? 0.005 : step}
        startPointValue={origin === undefined ? undefined : place(origin)}
        disabled={disabled}
        thumbLabel={label}
        thumbValueText={`${value.toFixed(decimals)}${unit ?? ''}`}
        onChange={(next) => onChange(valueAt(next))}
        onChangeEnd={onDone}
      />
      <NumberInput
        id={id}
        className={classes.rowValue}
        value={Number(value.toFixed(decimals))}
        min={min}
        max={max}
        step={step}
        decimalScale={decimals}
        suffix={unit}
        disabled={disabled}
        hideControls
        onChange={(next) => {
          if (typeof next === 'number' && Math.abs(next - value) > step / 1000) onChange(next);
        }}
        onBlur={onDone}
      />
    </div>
  );
}
