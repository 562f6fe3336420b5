import classes from "./data-grid.module.css";

const WIDTH = 112;
const HEIGHT = 26;

/** Bins as small bars; what is there is always to be seen. */
export function Sparkline({ bins, label }: { bins: { count: number }[]; label: string }) {
  const most = Math.max(...bins.map(({ count }) => count), 1);
  const width = WIDTH / bins.length;
  return (
    <svg className={classes.bars} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      {bins.map(({ count }, index) => {
        const height = count && Math.max(1.5, (HEIGHT * count) / most);
        return <rect key={index} x={index * width} y={HEIGHT - height} width={Math.max(width - 1, 0.5)} height={height} fill="var(--bar)" />;
      })}
    </svg>
  );
}
