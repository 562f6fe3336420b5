import { useComputedColorScheme } from "@mantine/core";
import { BarChart, LineChart } from "echarts/charts";
import { DataZoomComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { type EChartsCoreOption, type EChartsType, init, use as register } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { memo, useEffect, useRef } from "react";

import { formatNumber } from "@/lib/format";

import type { ChartProps } from "./chart";

register([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, DataZoomComponent, CanvasRenderer]);

const AXES = { number: "value", time: "time", name: "category" } as const;
const PALETTE = ["--bar", "--busy", "--warn", "--bad", "--good", "--code-keyword", "--idle"];
/** Where there are more lines than colours, the next ones are dashed. */
const DASHES = ["solid", "dashed", "dotted"] as const;
/** More points than this have no mark each. */
const MARKED = 40;

/** Draws a chart by ECharts, in the colours of the page, as wide as its place. */
export default memo(ChartCanvas);

function ChartCanvas(props: ChartProps & { height: number }) {
  const box = useRef<HTMLDivElement>(null);
  const drawn = useRef<EChartsType>(null);
  const scheme = useComputedColorScheme("light");
  useEffect(() => {
    const place = box.current;
    if (!place) return;
    const chart = init(place, null, { renderer: "canvas" });
    drawn.current = chart;
    const watch = new ResizeObserver(() => chart.resize());
    watch.observe(place);
    return () => {
      watch.disconnect();
      chart.dispose();
    };
  }, []);
  // New values are drawn into the same chart: what was zoomed or hidden by its legend stays so.
  useEffect(() => {
    if (box.current) drawn.current?.setOption(optionsOf(props, colours(box.current)), { replaceMerge: ["series"] });
  }, [props, scheme]);
  return <div ref={box} style={{ height: props.height }} />;
}

type Colours = { text: string; line: string; surface: string; palette: string[] };

function colours(place: Element): Colours {
  const style = getComputedStyle(place);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return { text: of("--mantine-color-dimmed"), line: of("--line"), surface: of("--surface"), palette: PALETTE.map(of) };
}

function optionsOf({ kind, series, axis = "number", xName, yName, format = formatNumber }: ChartProps, { text, line, surface, palette }: Colours): EChartsCoreOption {
  const isLine = kind === "line";
  const { fontFamily } = getComputedStyle(document.body);
  const words = { color: text, fontFamily, fontSize: 12 };
  const quiet = { axisLabel: words, nameTextStyle: words, axisLine: { lineStyle: { color: line } }, splitLine: { show: !isLine ? false : undefined, lineStyle: { color: line } } };
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  return {
    animation: !still,
    animationDuration: 200,
    color: palette,
    textStyle: { fontFamily },
    grid: { left: 8, right: 16, top: series.length > 1 ? 34 : 14, bottom: xName ? 24 : 6, containLabel: true },
    legend: series.length > 1 ? { type: "scroll", top: 0, itemWidth: 18, itemHeight: 8, textStyle: words, inactiveColor: line } : undefined,
    tooltip: { trigger: "axis", backgroundColor: surface, borderColor: line, textStyle: { ...words, color: text }, valueFormatter: (value: unknown) => (typeof value === "number" ? format(value) : ""), confine: true },
    dataZoom: isLine ? [{ type: "inside", zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false }] : undefined,
    xAxis: { type: AXES[axis], name: xName, nameLocation: "middle", nameGap: 26, ...quiet, ...(axis === "number" ? { min: "dataMin", max: "dataMax", minInterval: 1 } : {}) },
    yAxis: { type: "value", name: yName, scale: isLine, ...quiet, splitLine: { lineStyle: { color: line } }, axisLabel: { ...words, formatter: format } },
    series: series.map(({ name, points }, index) => ({
      name,
      type: isLine ? "line" : "bar",
      data: points,
      symbol: "circle",
      showSymbol: isLine && points.length <= MARKED,
      symbolSize: 5,
      lineStyle: { width: 2, type: DASHES[Math.floor(index / PALETTE.length) % DASHES.length] },
      sampling: isLine ? "lttb" : undefined,
      barCategoryGap: kind === "histogram" ? "4%" : undefined,
    })),
  };
}
