"""A cell on TensorBoard's page of hyper-parameters: a row with its settings, under the paper's names, and its numbers."""

from datetime import datetime
from pathlib import Path
from statistics import fmean

from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.api_pb2 import (
    DATA_TYPE_FLOAT64,
    DATA_TYPE_STRING,
    STATUS_RUNNING,
    STATUS_SUCCESS,
    Experiment,
    HParamInfo,
    MetricInfo,
    MetricName,
)
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo

from vit.report.collect import Report
from vit.report.names import cell_text, title
from vit.report.results import Result
from vit.report.tensorboard.events import hyper_parameters, scalar, write_events

NAMED = ("model", "pretrain", "transfer")  # axes that nearly every experiment has; all others share a column
TEXTS = ("experiment", *map(title, NAMED), "other axes", "metric", "verdict")
COUNTS = ("learning rate", "steps", "batch size", "image size", "seeds")
FIRST = ("experiment", *map(title, NAMED), "learning rate")  # TensorBoard shows five columns until others are ticked
# tag -> the name of what the table prints: mean and standard deviation over seeds, in percent or in the metric's own unit
TABLE = {"table/ours": "ours", "table/spread": "standard deviation", "table/paper": "paper"}
RECORDED = {  # metric of the records -> its name. A mean over seeds; accuracies are fractions, as in the curves
    "test_accuracy": "test accuracy",
    "held_out_accuracy": "held-out accuracy",
    "test_5shot_accuracy": "5-shot accuracy",
    "attention_distance_first_px": "mean attention distance, first layer (px)",
    "attention_distance_last_px": "mean attention distance, last layer (px)",
}


def columns() -> Summary.Value:
    """All columns; TensorBoard reads them from one run, and would otherwise list every curve of every run."""
    settings = [
        HParamInfo(name=name, type=kind, differs=name in FIRST)  # those that differ come first, each kind by name
        for names, kind in ((TEXTS, DATA_TYPE_STRING), (COUNTS, DATA_TYPE_FLOAT64))
        for name in names
    ]
    names = TABLE | {f"final/{metric}": name for metric, name in RECORDED.items()}
    numbers = [MetricInfo(name=MetricName(tag=tag), display_name=name) for tag, name in names.items()]
    experiment = Experiment(hparam_infos=settings, metric_infos=numbers)
    return hyper_parameters("_hparams_/experiment", HParamsPluginData(experiment=experiment))


def write_numbers(folder: Path, name: str, report: Report, result: Result) -> None:
    """name: of the row."""
    dates = [datetime.fromisoformat(record["date"]).timestamp() for record in result.finished]
    start = SessionStartInfo(group_name=name, start_time_secs=min(dates))
    for setting, value in settings(report, result).items():
        kind = "string_value" if isinstance(value, str) else "number_value"
        setattr(start.hparams[setting], kind, value)
    status = STATUS_SUCCESS if len(result.finished) == result.planned else STATUS_RUNNING
    end = SessionEndInfo(status=status, end_time_secs=max(dates))
    row = [
        hyper_parameters("_hparams_/session_start_info", HParamsPluginData(session_start_info=start)),
        hyper_parameters("_hparams_/session_end_info", HParamsPluginData(session_end_info=end)),
    ]
    write_events(folder, {0: row + [scalar(tag, value) for tag, value in numbers(result).items()]}, dates[0])


def settings(report: Report, result: Result) -> dict[str, str | float]:
    """Column -> value; without the columns that the cell has no value for, such as the rate of what trains nothing."""
    others = [axis for axis in (*report.experiment.rows, *report.experiment.columns) if axis not in NAMED]
    named = [cell_text(result.cell, axis) for axis in NAMED]
    other = ", ".join(f"{title(axis)} {cell_text(result.cell, axis)}" for axis in others)
    texts = dict(zip(TEXTS, (report.name, *named, other, result.cell.metric, result.verdict), strict=True))
    config = report.plan.runs[result.finished[0]["id"]].config
    rates = {record["lr"] for record in result.finished}
    data = config["data"]["init_args"]
    counts = (rates.pop() if len(rates) == 1 else None, config["trainer"]["max_steps"], data["batch_size"])
    counts = dict(zip(COUNTS, (*counts, data["image_size"], len(result.finished)), strict=True))
    return {name: value for name, value in (texts | counts).items() if value}


def numbers(result: Result) -> dict[str, float]:
    """Tag -> value; without those that no seed measured."""
    table = dict(zip(TABLE, (result.mean, result.std, result.paper), strict=True))
    measured = {
        f"final/{metric}": fmean(values)
        for metric in RECORDED
        if (values := [record["metrics"][metric] for record in result.finished if metric in record["metrics"]])
    }
    return {tag: value for tag, value in (table | measured).items() if value is not None}
