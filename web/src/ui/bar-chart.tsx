import { useComputedColorScheme } from "@mantine/core";
import { BarChart as Bars } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use as register } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";

register([Bars, GridComponent, TooltipComponent, CanvasRenderer]);

type Props = { label: string; names: string[]; values: number[]; format: (value: number) => string; height?: number };

/** Bars over names such as days. Large: to be loaded when it is wanted, by `lazy`. */
export default function BarChart({ label, names, values, format, height = 220 }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  useEffect(() => {
    if (!place.current) return;
    const style = getComputedStyle(place.current);
    const [ink, line, bar] = ["--mantine-color-dimmed", "--line", "--bar"].map((name) => style.getPropertyValue(name).trim()) as [string, string, string];
    const chart = init(place.current);
    chart.setOption({
      animation: false,
      grid: { left: 8, right: 8, top: 12, bottom: 4, outerBoundsMode: "same" },
      tooltip: { trigger: "axis", renderMode: "richText", valueFormatter: (value: unknown) => format(Number(value)) },
      xAxis: { type: "category", data: names, axisLabel: { color: ink }, axisLine: { lineStyle: { color: line } }, axisTick: { show: false } },
      yAxis: { type: "value", splitNumber: 3, axisLabel: { color: ink, formatter: format }, splitLine: { lineStyle: { color: line } } },
      series: [{ type: "bar", data: values, itemStyle: { color: bar } }],
    });
    const watch = new ResizeObserver(() => chart.resize());
    watch.observe(place.current);
    return () => {
      watch.disconnect();
      chart.dispose();
    };
  }, [names, values, format, scheme]);
  return <div ref={place} role="img" aria-label={label} style={{ height }} />;
}
