//! The costs as a picture: eight panels, both axes logarithmic, so that a straight line of slope one is "twice the work, twice the cost".

use crate::Cost;
use plotters::{coord::Shift, prelude::*};
use std::{error::Error, path::Path};

type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Line<'a> = (&'a str, RGBColor, Vec<(f64, f64)>);

const BLUE: RGBColor = RGBColor(31, 111, 180);
const ORANGE: RGBColor = RGBColor(220, 120, 30);

/// A cost, its name and its colour.
type Drawn = (&'static str, RGBColor, fn(&Cost) -> f64);

/// What is drawn, from the top.
const ROWS: [(&str, &[Drawn]); 4] = [
    ("training: seconds", &[("seconds", BLUE, |cost| cost.seconds)]),
    ("training: peak memory in MB", &[("memory", BLUE, |cost| cost.memory_mb)]),
    ("artifact in MB, start in ms,", &[("artifact", BLUE, |cost| cost.artifact_mb), ("start", ORANGE, |cost| cost.start_ms)]),
    ("lookup: microseconds", &[("p50", BLUE, |cost| cost.lookup_p50_us), ("p99", ORANGE, |cost| cost.lookup_p99_us)]),
];

/// Draws `costs` into the file at `path`: on the left as the history grows, on the right as the catalog does.
pub(crate) fn draw(path: &Path, costs: &[Cost]) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, (960, 1_360)).into_drawing_area();
    root.fill(&WHITE)?;
    let panels = root.split_evenly((4, 2));
    let usual = costs.iter().map(|cost| cost.items).find(|items| costs.iter().filter(|cost| cost.items == *items).count() > 1);
    let mut by_events: Vec<&Cost> = costs.iter().filter(|cost| Some(cost.items) == usual).collect();
    by_events.sort_by_key(|cost| cost.events);
    let history = costs.last().map_or(0, |cost| cost.events);
    let mut by_items: Vec<&Cost> = costs.iter().filter(|cost| cost.events == history).collect();
    by_items.sort_by_key(|cost| cost.items);
    let along = |costs: &[&Cost], x: fn(&Cost) -> usize, y: fn(&Cost) -> f64| -> Vec<(f64, f64)> {
        costs.iter().map(|cost| (x(cost) as f64, y(cost))).collect()
    };
    let sides: [(String, &[&Cost], fn(&Cost) -> usize); 2] = [
        (format!("by events, {} items", short(usual.unwrap_or(0) as f64)), &by_events, |cost| cost.events),
        (format!("by items, {} events", short(history as f64)), &by_items, |cost| cost.items),
    ];
    for (row, (what, lines)) in ROWS.iter().enumerate() {
        for (side, (by, costs, x)) in sides.iter().enumerate() {
            let lines: Vec<Line<'_>> = lines.iter().map(|(name, colour, y)| (*name, *colour, along(costs, *x, *y))).collect();
            panel(&panels[2 * row + side], &format!("{what} {by}"), &lines)?;
        }
    }
    root.present()?;
    Ok(())
}

fn panel(area: &Panel<'_>, title: &str, lines: &[Line<'_>]) -> Result<(), Box<dyn Error>> {
    let points = || lines.iter().flat_map(|(_, _, points)| points.iter().copied());
    let span = |of: fn((f64, f64)) -> f64| {
        let (least, most) = points().map(of).fold((f64::MAX, f64::MIN), |(least, most), value| (least.min(value), most.max(value)));
        (least, most)
    };
    let (left, right) = span(|(x, _)| x);
    // Whole powers of ten, which is where a logarithmic axis has its numbers.
    let (bottom, top) = span(|(_, y)| y);
    let (bottom, top) = (10f64.powf(bottom.log10().floor()), 10f64.powf(top.log10().ceil()));
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 17))
        .margin(12)
        .x_label_area_size(32)
        .y_label_area_size(52)
        .build_cartesian_2d((left / 1.3..right * 1.3).log_scale(), (bottom..top).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_labels(4)
        .y_labels(4)
        .x_label_formatter(&|x| short(*x))
        .y_label_formatter(&|y| short(*y))
        .draw()?;
    for (name, colour, points) in lines {
        let drawn = chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)).point_size(4))?;
        drawn.label(*name).legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    if lines.len() > 1 {
        chart
            .configure_series_labels()
            .border_style(BLACK.mix(0.2))
            .background_style(WHITE)
            .position(SeriesLabelPosition::UpperLeft)
            .draw()?;
    }
    Ok(())
}

/// `20000` as `20k`.
fn short(number: f64) -> String {
    match number {
        1e6.. => format!("{}M", number / 1e6),
        1e3.. => format!("{}k", number / 1e3),
        _ => format!("{number}"),
    }
}
